"""Evidence packs: the tree that the tiles make, the entries, and what they are selected by."""

import hashlib
import re
from typing import Any, NamedTuple

from audit.core.standalone._anchors import verify_anchored
from audit.core.standalone._archive import Members, read_archive
from audit.core.standalone._notes import (
    Undecided,
    instant,
    need,
    read_policy,
    unbase64,
    verify_checkpoint,
)
from audit.core.standalone._receipts import json_bytes, read_json, verify_receipt

MAX_PROOFS = 4096
"""A pack of more selected entries has no proof files; its tiles prove them all."""
Manifest = dict[str, Any]


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\1" + left + right).digest()


def fold(hashes: list[bytes]) -> bytes:
    """Return the root over a power of two of hashes."""
    while len(hashes) > 1:
        hashes = [node(*hashes[at : at + 2]) for at in range(0, len(hashes), 2)]
    return hashes[0]


def tile_name(level: int, index: int, width: int) -> str:
    """Return the name of a tile (C2SP tlog-tiles)."""
    digits = f"{index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    part = "" if width == 256 else f".p/{width}"
    return f"tile/{level}/" + "".join(f"x{one}/" for one in groups[:-1]) + groups[-1] + part


def tiles_needed(size: int, first: int, end: int) -> dict[tuple[int, int], int]:
    """Return the width of each tile that ties entries to the root: all above the lowest level.

    Of the lowest level, those of the entries from `first` to before `end`, of one more at
    either side, and the last one if it is not full.
    """
    found: dict[tuple[int, int], int] = {}
    for level in range(8):
        count = size >> 8 * level
        indexes = set(range(-(-count // 256))) if level else set[int]()
        if level == 0 and count:
            low, high = max(first - 1, 0) // 256, min(end, size - 1) // 256
            indexes = {*range(low, high + 1), *([count // 256] if count % 256 else [])}
        found |= {(level, index): min(256, count - 256 * index) for index in indexes}
    return found


def verify_tree(
    members: Members, size: int, root: bytes, span: tuple[int, int]
) -> dict[int, bytes]:
    """Return the leaf hashes in the tiles by entry, once all tiles are tied to the root."""
    tiles: dict[tuple[int, int], list[bytes]] = {}
    names = set()
    need(size >> 16 <= len(members), f"a tree of {size} has more tiles")
    need(0 <= span[0] <= span[1] <= size, "the entries of the period are not in the tree")
    for (level, index), width in tiles_needed(size, *span).items():
        name = tile_name(level, index, width)
        data = members.get(name, b"")
        need(len(data) == 32 * width, f"{name} is missing, or not {width} hashes")
        tiles[level, index] = [data[at : at + 32] for at in range(0, len(data), 32)]
        names.add(name)
    need(names == {name for name in members if name.startswith("tile/")}, "a tile too many")
    for (level, index), hashes in tiles.items():
        if len(hashes) == 256:
            above = tiles[level + 1, index // 256][index % 256]
            need(fold(hashes) == above, f"tile {index} of level {level} is not in the tree")
    nodes = []
    for level in reversed(range(8)):
        width, at = (size >> 8 * level) % 256, 0
        for bit in [1 << bit for bit in reversed(range(8)) if width >> bit & 1]:
            nodes.append(fold(tiles[level, size >> 8 * (level + 1)][at : at + bit]))
            at += bit
    found = nodes.pop() if nodes else hashlib.sha256(b"").digest()
    while nodes:
        found = node(nodes.pop(), found)
    need(found == root, "the tiles do not have the root that was signed")
    return {
        256 * index + at: one
        for (level, index), hashes in tiles.items()
        for at, one in enumerate(hashes)
        if level == 0
    }


def holds_value(value: object, wanted: str) -> bool:
    """Whether a text stands anywhere in a JSON value."""
    if isinstance(value, dict):
        return any(holds_value(one, wanted) for one in value.values())
    if isinstance(value, list):
        return any(holds_value(one, wanted) for one in value)
    return value == wanted


class Leaf(NamedTuple):
    """What is kept of an entry: its time, whether a subject selects it, and its receipt."""

    ts_ns: int
    wanted: bool
    receipt: tuple[str, str] | None
    """The receipt's id and digest, if the entry names one."""


def read_leaves(data: bytes, hashes: dict[int, bytes], subjects: list[str]) -> dict[int, Leaf]:
    """Return entries by their number, each the one in the tree and after the one before."""
    entries: dict[int, Leaf] = {}
    last = -1
    need(data[-1:] in (b"", b"\n"), "the last entry is cut")
    for line in data.split(b"\n")[:-1]:
        entry = read_json(line)
        seq, event = int(entry["seq"]), entry["event"]
        leaf = hashlib.sha256(b"\0" + line).digest()
        need(hashes.get(seq) == leaf, f"entry {seq} is not the one in the tree")
        prev = hashes.get(seq - 1) if seq else bytes(32)
        need(prev in (None, bytes.fromhex(entry["prev"])), f"entry {seq} does not follow")
        need(seq > last, f"entry {seq} stands out of order")
        wanted = not subjects or any(holds_value(event, one) for one in subjects)
        entries[seq] = Leaf(int(entry["ts_ns"]), wanted, _named_receipt(event))
        last = seq
    return entries


def _named_receipt(event: dict[str, Any]) -> tuple[str, str] | None:
    receipt_id = event["facts"].get("receipt_id")
    named = [one["digest"] for one in event["outputs"] if one["name"] == "receipt"]
    return (receipt_id, named[0]) if named and isinstance(receipt_id, str) else None


def verify_edges(manifest: Manifest, size: int, edges: dict[int, Leaf]) -> None:
    """Return if no entry of the period is missing at either end: its neighbours are outside."""
    first, end, start, until = (manifest[name] for name in ("first", "end", "from_ns", "until_ns"))
    need({type(first), type(end)} == {int}, "entries have numbers")
    need(set(edges) == {*([first - 1] if first else []), *([end] if end < size else [])}, "edges")
    need(not first or (start and edges[first - 1].ts_ns < int(start)), "an earlier entry")
    need(end == size or (until and edges[end].ts_ns >= int(until)), "a later entry")
    for one in (start, until):
        need(one is None or re.fullmatch("[1-9][0-9]*0{9}|0", one), "a period of whole seconds")


def verify_selection(manifest: Manifest, entries: dict[int, Leaf]) -> list[int]:
    """Return the numbers of the entries that the manifest's subjects select."""
    first, end, subjects = manifest["first"], manifest["end"], manifest["subjects"]
    start, until = int(manifest["from_ns"] or 0), int(manifest["until_ns"] or 1 << 63)
    before = -1
    for seq, entry in entries.items():
        at = entry.ts_ns
        need(first <= seq < end and start <= at < until, f"entry {seq} is not of the period")
        need(at > before, f"entry {seq} is not later than the one before")
        before = at
    selected = [seq for seq, entry in entries.items() if entry.wanted]
    need(subjects == sorted(set(subjects)), "the subjects are not in order")
    need(manifest["whole"] is (len(entries) == end - first), "not all entries are here")
    need(manifest["whole"] or len(entries) == len(selected), "an entry that was not selected")
    need(subjects or manifest["whole"], "an entry of the period is left out")
    need(manifest["selected"] == len(selected), "another number of entries is selected")
    return selected


def verify_inclusion(seq: int, size: int, leaf: bytes, root: bytes, path: list[bytes]) -> None:
    """Return if the leaf hash is entry `seq` of the tree (RFC 9162, 2.1.3.2)."""
    need(0 <= seq < size, f"a tree of {size} has no entry {seq}")
    need(len(leaf) == 32 == len(root), "a hash that is not 32 bytes")
    at, last, found = seq, size - 1, leaf
    for sibling in path:
        need(len(sibling) == 32 and last > 0, f"the proof of entry {seq} is too long")
        if at & 1 or at == last:
            found = node(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node(found, sibling)
        at, last = at >> 1, last >> 1
    need(last == 0 and found == root, f"entry {seq} is not in the tree")


def verify_proof(proof: bytes, seq: int, leaf: bytes, tree: tuple[int, bytes, bytes]) -> None:
    """Return if a C2SP tlog-proof proves the entry under this checkpoint."""
    size, root, note = tree
    head, _, rest = proof.partition(b"\n\n")
    title, index, *lines = head.decode().split("\n")
    known = [title, index, rest] == ["c2sp.org/tlog-proof@v1", f"index {seq}", note]
    need(known, f"not a proof of entry {seq} under the checkpoint of the pack")
    verify_inclusion(seq, size, leaf, root, [unbase64(one) for one in lines])


def _sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def verify_manifest(members: Members, programs: dict[str, set[str]]) -> Manifest:
    """Return the manifest, which names each member by its digest and nothing else."""
    need("manifest.json" in members, "the pack has no manifest")
    manifest: Manifest = read_json(members["manifest.json"])
    need(json_bytes(manifest) == members["manifest.json"], "the manifest is not canonical")
    listed = {name: _sha256(data) for name, data in members.items() if name != "manifest.json"}
    need(manifest["members"] == listed, "the members are not those of the manifest")
    keys = "end first format from_ns members selected subjects until_ns whole"
    need(sorted(manifest) == keys.split(), "the manifest has other fields")
    need(manifest["format"] == "audit.pack/v1", "not an evidence pack of a format known here")
    for name, digests in programs.items():
        need(listed.get(name) in digests, f"{name} is not the one that comes with this program")
    for name in ("policy", "checkpoint", "entries.jsonl", "edges.jsonl"):
        need(name in members, f"the pack has no {name}")
    return manifest


def verify_receipts(members: Members, entries: list[Leaf], pem: str | None) -> list[str]:
    """Return what holds of the receipts: each is the one its entry names."""
    named = dict(entry.receipt for entry in entries if entry.receipt)
    given = {name[9:-5]: data for name, data in members.items() if name.startswith("receipts/")}
    for receipt_id, record in given.items():
        digest = _sha256(json_bytes(read_json(record)["signed"]["receipt"]))
        need(
            named.get(receipt_id) == digest, f"receipt {receipt_id} is not the one its entry names"
        )
        if pem is not None:
            verify_receipt(record, pem, None)
    if not named:
        return []
    how = "signed by your key" if pem is not None else "their signatures were not looked at"
    return [f"receipts: {len(given)} of the {len(named)} that are named are here, {how}"]


def verify_pack(
    data: bytes, policy: str | None, pem: str | None, programs: dict[str, set[str]]
) -> list[str]:
    """Return what holds.

    Raises:
        ValueError: the first thing that does not.
        Undecided: all holds, under a policy that nobody but the pack vouches for.
    """
    members = read_archive(data)
    manifest = verify_manifest(members, programs)
    own = members["policy"].decode("utf-8", "surrogateescape")
    read = read_policy(own if policy is None else policy)
    note = members["checkpoint"]
    origin, size, root, witnesses, enough = verify_checkpoint(note, read)
    hashes = verify_tree(members, size, root, (manifest["first"], manifest["end"]))
    verify_edges(manifest, size, read_leaves(members["edges.jsonl"], hashes, []))
    entries = read_leaves(members["entries.jsonl"], hashes, manifest["subjects"])
    selected = verify_selection(manifest, entries)
    proofs = {name for name in members if name.startswith("proofs/")}
    proved = selected if len(selected) <= MAX_PROOFS else []
    need(proofs == {f"proofs/{seq}.tlog-proof" for seq in proved}, "not the proofs of the entries")
    for seq in proved:
        verify_proof(members[f"proofs/{seq}.tlog-proof"], seq, hashes[seq], (size, root, note))
    holds = [
        f"checkpoint: {size} entries of {origin}, cosigned by {witnesses}",
        *_told(manifest, len(entries)),
        *verify_receipts(members, [entries[seq] for seq in selected], pem),
        *verify_anchored(members, read, size, root, origin),
    ]
    if policy is None or not enough:
        why = "who keeps the log is only what the pack says" if enough else "that is no quorum"
        raise Undecided("\n".join([*holds, why]))
    return holds


def _told(manifest: Manifest, disclosed: int) -> list[str]:
    start, until, first, end = (manifest[name] for name in ("from_ns", "until_ns", "first", "end"))
    times = [instant(int(one)) if one is not None else "" for one in (start, until)]
    left, here = end - first - disclosed, manifest["selected"]
    whole = "..".join(times) if any(times) else "the whole log"
    told = [f"period: {whole}: {end - first} entries from number {first}, none is missing"]
    if manifest["subjects"]:
        told.append(f"selection: {here} of them hold {' or '.join(manifest['subjects'])}")
    if left:
        told.append(f"left out: {left}, here as hashes; nobody can see from them what they hold")
    return told
