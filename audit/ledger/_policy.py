"""Which checkpoints count: logs, witnesses and a quorum (C2SP tlog-policy).

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> <k|any|all> <name>...
    quorum <name|none>

A key counts once, under one name. Two keys of one name are one witness's, such as
an old and a new one: no group that needs more than one of its members takes both.

Trust: a quorum is worth what its operators are apart. The file says who they
are; nobody else can know whether two of them are one.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from audit.core.errors import CheckpointStale, ConfigError, QuorumMissing
from audit.documents import Checkpoint
from audit.ledger._checkpoint import read_checkpoint
from audit.ledger._keys import VerifierKey
from audit.ledger._note import verify_note

NONE = "none"
MAX_LINES = 1000
_SECOND = 10**9
_AHEAD = 300 * _SECOND
"""How far a witness's clock may be ahead of ours before its cosignature does not count."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness of the policy; `url` is where it takes checkpoints."""

    name: str
    key: VerifierKey
    url: str | None


@dataclass(frozen=True, slots=True)
class CountedCheckpoint:
    """A checkpoint that counts, and the witnesses that say so, with their times in seconds."""

    checkpoint: Checkpoint
    witnesses: tuple[tuple[str, int], ...]


@dataclass(slots=True)
class LogPolicy:
    """A policy file that was read."""

    logs: list[VerifierKey] = field(default_factory=list)
    witnesses: dict[str, Witness] = field(default_factory=dict)
    groups: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    quorum: str = ""

    def count(
        self, note: bytes, *, now_ns: int, max_age_ns: int | None = None
    ) -> CountedCheckpoint:
        """Return the checkpoint in `note` if one of the logs signed it and the quorum cosigned it.

        With `max_age_ns`, only cosignatures of that age at most count.

        Raises:
            SignatureMismatch: not signed by one of the logs, or a signature by a known key is bad.
            QuorumMissing: too few witnesses cosigned it.
            CheckpointStale: enough witnesses cosigned it, but too long ago.
        """
        log_keys = [str(key) for key in self.logs]
        checkpoint = read_checkpoint(note, vkeys=log_keys)
        names = {one.key: one.name for one in self.witnesses.values()}
        found = verify_note(note, [*log_keys, *map(str, names)])
        cosigned = {
            names[one.key]: one.at
            for one in found.verified
            if one.at and one.at * _SECOND <= now_ns + _AHEAD
        }
        self._check_quorum(checkpoint, set(cosigned))
        if max_age_ns is not None:
            oldest = now_ns - max_age_ns
            fresh = {name for name, at in cosigned.items() if at * _SECOND >= oldest}
            if self.quorum == NONE or not self._holds(self.quorum, fresh):
                raise CheckpointStale(
                    f"the checkpoint over {checkpoint.size} entries was not cosigned by the "
                    f"quorum {self.quorum!r} within the last {max_age_ns // _SECOND} s",
                    hint="ask the witnesses again: audit ledger witness ask --help",
                )
        return CountedCheckpoint(checkpoint, tuple(sorted(cosigned.items())))

    def _check_quorum(self, checkpoint: Checkpoint, cosigned: set[str]) -> None:
        if not self._holds(self.quorum, cosigned):
            raise QuorumMissing(
                f"the checkpoint over {checkpoint.size} entries is not cosigned by the quorum "
                f"{self.quorum!r} (by {', '.join(sorted(cosigned)) or 'nobody'})",
                hint="ask the witnesses: audit ledger witness ask --help",
            )

    def _holds(self, name: str, cosigned: set[str]) -> bool:
        if name == NONE:
            return True
        if name in self.witnesses:
            return name in cosigned
        threshold, members = self.groups[name]
        return sum(self._holds(member, cosigned) for member in members) >= threshold


def parse_policy(data: bytes, *, source: str) -> LogPolicy:
    """Return the policy in a file; `source` names it in errors.

    Raises:
        ConfigError: not a policy, with the line.
    """
    policy = LogPolicy()
    # Octets above 0x7f are opaque, as the specification asks: names are compared, never shown.
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    if len(lines) > MAX_LINES:
        raise ConfigError(f"{source}: more than {MAX_LINES} lines")
    for number, line in enumerate(lines, 1):
        try:
            _line(policy, line)
        except ConfigError as exc:
            raise ConfigError(f"{source}:{number}: {exc}") from exc
    if not policy.quorum:
        raise ConfigError(
            f"{source}: no quorum line", hint="write `quorum none` to need no witness"
        )
    return policy


def _line(policy: LogPolicy, line: str) -> None:
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", line):
        raise ConfigError("a control character")
    word, *words = re.split(r"[ \t]+", line.strip(" \t"))
    if not word or word.startswith("#"):
        return
    readers: dict[str, tuple[Callable[[LogPolicy, list[str]], None], range]] = {
        "log": (_log, range(1, 3)),
        "witness": (_witness, range(2, 4)),
        "group": (_group, range(3, MAX_LINES)),
        "quorum": (_quorum, range(1, 2)),
    }
    reader, counts = readers.get(word, (_quorum, range(0)))
    if len(words) not in counts:
        raise ConfigError(f"{word!r} is no line of a policy, or has too few or too many words")
    reader(policy, words)


def _log(policy: LogPolicy, words: list[str]) -> None:
    key = VerifierKey.parse(words[0])
    if key.is_witness:
        raise ConfigError(f"{key.name} is the key of a witness, not of a log")
    _refuse_known(policy, key)
    policy.logs.append(key)


def _witness(policy: LogPolicy, words: list[str]) -> None:
    name, vkey, *url = words
    _refuse_defined(policy, name)
    key = VerifierKey.parse(vkey)
    if not key.is_witness:
        raise ConfigError(f"{key.name} is the key of a log, not of a witness")
    _refuse_known(policy, key)
    policy.witnesses[name] = Witness(name, key, url[0] if url else None)


def _group(policy: LogPolicy, words: list[str]) -> None:
    name, threshold, *members = words
    _refuse_defined(policy, name)
    used = {member for _, group in policy.groups.values() for member in group}
    for member in members:
        if member not in policy.witnesses and member not in policy.groups:
            raise ConfigError(f"{member!r} is not defined above")
        if member in used:
            raise ConfigError(f"{member!r} is a member twice")
        used.add(member)
    counts = {"any": 1, "all": len(members)}
    if threshold not in counts and not re.fullmatch("[1-9][0-9]{0,3}", threshold):
        raise ConfigError(f"{threshold!r} is no threshold")
    needed = counts.get(threshold) or int(threshold)
    if needed > len(members):
        raise ConfigError(f"a group of {len(members)} never has {needed}")
    policy.groups[name] = (needed, tuple(members))
    if needed > 1:
        _refuse_twins(policy, name)


def _quorum(policy: LogPolicy, words: list[str]) -> None:
    if policy.quorum:
        raise ConfigError("a second quorum line")
    if words[0] not in {NONE, *policy.witnesses, *policy.groups}:
        raise ConfigError(f"{words[0]!r} is not defined above")
    policy.quorum = words[0]


def _refuse_twins(policy: LogPolicy, group: str) -> None:
    """Refuse a group in which one witness would count twice, by two keys of one name."""
    seen: set[str] = set()
    for member in policy.groups[group][1]:
        names = _key_names(policy, member)
        if twice := seen & names:
            raise ConfigError(
                f"{min(twice)} would count twice in {group!r}, by two keys",
                hint="put the keys of one witness into a group of their own that needs any of them",
            )
        seen |= names


def _key_names(policy: LogPolicy, name: str) -> set[str]:
    """Return the names of the keys that a witness or group stands for."""
    if name in policy.witnesses:
        return {policy.witnesses[name].key.name}
    return {one for member in policy.groups[name][1] for one in _key_names(policy, member)}


def _refuse_defined(policy: LogPolicy, name: str) -> None:
    if name == NONE or name in policy.witnesses or name in policy.groups:
        raise ConfigError(f"{name!r} is defined already")


def _refuse_known(policy: LogPolicy, key: VerifierKey) -> None:
    """One key speaks once: neither twice as a witness, nor as log and witness."""
    keys = [*policy.logs, *(one.key for one in policy.witnesses.values())]
    if key.public in {known.public for known in keys}:
        raise ConfigError(f"{key.name} has the same key as a line above")
