"""Checkpoints (C2SP tlog-checkpoint in a signed-note): a log's size and root, signed by it."""

import re
from dataclasses import dataclass

from audit.sign import _base64
from audit.sign.trust import LogKey

MAX_NOTE = 16 << 10
MAX_SIGNATURES = 32
_SIGNATURE = re.compile(r"\u2014 (?P<name>[^\s+]+) (?P<data>[A-Za-z0-9+/]+={0,2})")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class LogCheckpoint:
    """What a log signed: that it had this root at this size."""

    origin: str
    size: int
    root: bytes


def verify_checkpoint(envelope: str, log: LogKey) -> LogCheckpoint:
    """Return what a checkpoint says, if `log` signed it under its own name.

    Raises:
        ValueError: malformed, of another origin, or not signed by the log exactly once.
    """
    if len(envelope) > MAX_NOTE:
        raise ValueError("the checkpoint is too long")
    text, blank, tail = envelope.partition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise ValueError("the checkpoint is not a signed note")
    lines = text.split("\n")
    if len(lines) < 3 or not all(lines) or not _SIZE.fullmatch(lines[1]):
        raise ValueError("the checkpoint has no origin, size and root")
    origin = lines[0]
    # Rekor v1 writes `host - tree id`, tiled logs the host alone.
    name, _, tree = origin.partition(" - ")
    if name not in log.hosts:
        raise ValueError(f"the checkpoint is of {origin[:100]!r}, not of {sorted(log.hosts)[0]}")
    signatures = tail[:-1].split("\n")
    if tree and len(signatures) != 1:
        raise ValueError("a checkpoint of this kind of log has one signature")
    _signed(text + "\n", signatures, name, log)
    return LogCheckpoint(origin, int(lines[1]), _base64.decode(lines[2]))


def _signed(text: str, lines: list[str], name: str, log: LogKey) -> None:
    if len(lines) > MAX_SIGNATURES:
        raise ValueError("the checkpoint has too many signatures")
    ours = []
    for line in lines:
        match = _SIGNATURE.fullmatch(line)
        if match is None:
            raise ValueError("the checkpoint has a malformed signature line")
        data = _base64.decode(match["data"])
        # Other names are witnesses: their signatures neither help nor hurt here.
        if match["name"] == name and data[:4] == log.log_id[:4]:
            ours.append(data[4:])
    if len(ours) != 1:
        raise ValueError(f"the checkpoint is signed {len(ours)} times by {name}, not once")
    if not log.verifies(ours[0], text.encode("utf-8")):
        raise ValueError(f"the checkpoint's signature is not one of the log {name}")
