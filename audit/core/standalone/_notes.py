"""Policies and checkpoints (C2SP tlog-policy, signed-note, tlog-cosignature)."""

import base64
import hashlib
import re
from datetime import UTC, datetime
from typing import Any

from audit.core.standalone._signatures import mldsa_verifies, verifies

Key = tuple[str, bytes, int, bytes]
"""A name, its key id, the algorithm's byte, the public key."""
SIZES = {1: 32, 4: 32, 6: 1312}  # Ed25519 of a log, Ed25519 and ML-DSA-44 of a witness


class Undecided(Exception):  # noqa: N818
    """All that could be checked holds, and that is not enough."""


def need(holds: object, problem: str) -> None:
    """Raise a ValueError that says the problem, unless something holds."""
    if not holds:
        raise ValueError(problem)


def unbase64(text: str) -> bytes:
    """Return the bytes of base64 in its one spelling (RFC 4648, 4)."""
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text, "base64 in a second spelling")
    return data


def read_vkey(text: str) -> Key:
    """Return the key in `NAME+KEYID+BASE64`."""
    name, key_id, encoded = text.split("+", 2)
    material = unbase64(encoded)
    digest = hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]
    need(digest.hex() == key_id, f"the key {name} does not have its id")
    need(len(material) - 1 == SIZES.get(material[0]), f"the key {name} is of no known kind")
    return name, digest, material[0], material[1:]


def read_policy(text: str) -> dict[str, Any]:
    """Return the logs, the witnesses and groups by name, and the quorum of a policy."""
    logs: list[Key] = []
    names: dict[str, Any] = {"none": None}
    quorum = ""
    for line in text.split("\n"):
        word, *words = re.split(r"[ \t]+", line.strip(" \t"))
        if word == "log":
            logs.append(read_vkey(words[0]))
        elif word in ("witness", "group"):
            name, value, *members = words
            need(name not in names, f"{name} is defined twice")
            names[name] = read_vkey(value) if word == "witness" else _group(value, members, names)
        elif word == "quorum":
            need(not quorum and words[0] in names, "a second quorum line, or of an unknown name")
            quorum = words[0]
        else:
            need(not word or word.startswith("#"), f"{word} is no line of a policy")
    keys = [*logs, *(one for one in names.values() if one and len(one) == 4)]
    need(len({key[3] for key in keys}) == len(keys), "a key stands in the policy twice")
    need(quorum, "the policy has no quorum line")
    return {"logs": logs, "names": names, "quorum": quorum}


def _group(threshold: str, members: list[str], names: dict[str, Any]) -> tuple[int, list[str]]:
    used = [one for value in names.values() if value and len(value) == 2 for one in value[1]]
    once = len({*members, *used}) == len(members) + len(used) and "none" not in members
    need(once and all(one in names for one in members), "a group of unknown or used members")
    needed = {"any": 1, "all": len(members)}.get(threshold) or int(threshold)
    need(1 <= needed <= len(members), "a group that any or no signatures satisfy")
    return needed, members


def covered(key: Key, text: bytes, at: int) -> bytes:
    """Return the bytes a key signs for a note's text; only a cosignature has a time."""
    name, _, algorithm, _ = key
    if algorithm == 1:
        return text
    if algorithm == 4:
        return b"cosignature/v1\ntime %d\n" % at + text
    origin, size, root = text.decode().split("\n")[:3]
    parts = [
        b"subtree/v1\n\0",
        bytes([len(name.encode())]) + name.encode() + at.to_bytes(8, "big"),
        bytes([len(origin.encode())]) + origin.encode() + bytes(8),
        int(size).to_bytes(8, "big") + unbase64(root),
    ]
    return b"".join(parts)


def read_note(note: bytes, keys: list[Key]) -> tuple[bytes, dict[Key, int]]:
    """Return a note's text, and who of `keys` signed it when; a bad one spoils the note."""
    text, _, tail = note.rpartition(b"\n\n")
    text, signed = text + b"\n", dict[Key, int]()
    for line in tail.decode().removesuffix("\n").split("\n"):
        mark, name, encoded = line.split(" ")
        need(mark == "\N{EM DASH}", "a line below the note is no signature")
        blob = unbase64(encoded)
        for key in keys:
            if key[:2] != (name, blob[:4]):
                continue
            at, signature = 0, blob[4:]
            if key[2] != 1:
                at, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            check = mldsa_verifies if key[2] == 6 else verifies
            need(key not in signed, f"{name} signed twice")
            need(check(key[3], covered(key, text, at), signature), f"{name} did not sign this")
            signed[key] = at
    return text, signed


def verify_checkpoint(note: bytes, policy: dict[str, Any]) -> tuple[str, int, bytes, str, bool]:
    """Return origin, size and root of a checkpoint of the policy's log, by whom it is cosigned.

    Last: whether that is enough for the policy's quorum.
    """
    witnesses = {name: key for name, key in policy["names"].items() if key and len(key) == 4}
    text, signed = read_note(note, [*policy["logs"], *witnesses.values()])
    origin, size, root, end = text.decode().split("\n")
    need(end == "" and str(int(size)) == size, "not a checkpoint")
    need(any(key in signed and key[0] == origin for key in policy["logs"]), "not by the log")
    soon = datetime.now(UTC).timestamp() + 300
    times = {name: signed[key] for name, key in witnesses.items() if 0 < signed.get(key, 0) <= soon}

    def holds(name: str) -> bool:
        if name == "none" or name in witnesses:
            return name == "none" or name in times
        needed, members = policy["names"][name]
        return sum(map(holds, members)) >= int(needed)

    told = ", ".join(f"{name} at {instant(at * 10**9)}" for name, at in times.items()) or "nobody"
    root_hash = unbase64(root)
    return origin, int(size), root_hash, told, holds(policy["quorum"])


def instant(ns: int) -> str:
    """Return a time in nanoseconds as people read it."""
    return datetime.fromtimestamp(ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
