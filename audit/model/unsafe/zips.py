"""ZIP archives: torch checkpoints, NumPy bundles, and archives hidden behind other files.

An archive is found from its end, as its readers do, so bytes before it hide
nothing. Every one is refused; its members say for which reason.

Source: APPNOTE.TXT (PKWARE), 4.3; only what is needed to name the members.
"""

import io
import re
import zlib
from dataclasses import dataclass
from struct import unpack

from audit.model._refused import Refused, quoted
from audit.model._source import Source
from audit.model.unsafe import numpy_arrays
from audit.model.unsafe.pickles import Bytes, Stream, read_program, refusal

MARK, CENTRAL, LOCAL, LOCATOR64 = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04", b"PK\x06\x07"
END = re.compile(re.escape(MARK))
END_SIZE = 22
LONGEST_COMMENT = 0xFFFF
MAX_ENDS = 32
MAX_DIRECTORY = 8 << 20
MAX_MEMBERS = 10_000
MAX_OPENED = 256
"""Members that are looked into; an archive is refused whatever they hold."""

MAX_INFLATED = 1 << 20
STORED, DEFLATED = 0, 8
ENCRYPTED = 1


@dataclass(frozen=True, slots=True)
class Archive:
    """Where the central directory of an archive lies, and how far the archive is shifted."""

    begin: int
    size: int
    shift: int


@dataclass(frozen=True, slots=True)
class _Member:
    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int


def find_archive(source: Source) -> Archive | None:
    """Return the archive that ends this file, wherever it begins.

    Raises:
        Refused: `polyglot`, the file is made to look like the end of many archives.
    """
    length = min(source.size, END_SIZE + LONGEST_COMMENT)
    tail = source.read(source.size - length, length)
    ends = [at.start() for at in END.finditer(tail, 0, max(length - END_SIZE + len(MARK), 0))]
    if len(ends) > MAX_ENDS:
        raise Refused("polyglot", f"{len(ends)} places where an archive could end")
    for place in reversed(ends):
        record = tail[place : place + END_SIZE]
        found = _directory(source, source.size - length + place, record)
        if found is not None:
            return found
    return None


def archive_refusal(source: Source, archive: Archive) -> Refused:
    """Return why a file that is an archive is refused."""
    try:
        members = _members(source, archive)
        _require_plain(source, archive, members)
        for member in members[:MAX_OPENED]:
            _require_no_pickle(source, archive, member)
    except Refused as refused:
        return refused
    code = [one for one in members if one.name.endswith(b".py")]
    if code:
        return Refused("code", f"an archive with program code: {quoted(code[0].name)}")
    first = quoted(members[0].name)
    return Refused("archive", f"a ZIP archive of {len(members)} members, the first {first}")


def _directory(source: Source, end: int, record: bytes) -> Archive | None:
    count, size, offset = unpack("<HII", record[10:20])
    if end >= 20 and source.read(end - 20, 4) == LOCATOR64 and end >= 76:
        count, size, offset = unpack("<QQQ", source.read(end - 76 + 32, 24))
        end -= 76
    begin = end - size
    if not count or begin < 0 or size < 46 or source.read(begin, 4) != CENTRAL:
        return None
    return Archive(begin=begin, size=size, shift=begin - offset)


def _members(source: Source, archive: Archive) -> list[_Member]:
    if archive.size > MAX_DIRECTORY:
        raise Refused("zip-broken", f"an archive directory of {archive.size} bytes")
    data = source.read(archive.begin, archive.size)
    members, at = [], 0
    while at < len(data):
        if data[at : at + 4] != CENTRAL or len(data) - at < 46:
            raise Refused("zip-broken", f"no directory entry at {archive.begin + at}")
        flags, method, crc, packed, size = unpack("<HH4xIII", data[at + 8 : at + 28])
        names, extra, comment = unpack("<HHH", data[at + 28 : at + 34])
        (offset,) = unpack("<I", data[at + 42 : at + 46])
        name = data[at + 46 : at + 46 + names]
        members.append(_Member(name, flags, method, crc, packed, size, offset + archive.shift))
        at += 46 + names + extra + comment
        if len(members) > MAX_MEMBERS:
            raise Refused("zip-broken", f"an archive of more than {MAX_MEMBERS} members")
    if at != len(data):
        raise Refused("zip-broken", f"the last of {len(members)} directory entries is cut off")
    return members


def _require_plain(source: Source, archive: Archive, members: list[_Member]) -> None:
    """Refuse what makes two readers of one archive see different members."""
    seen: set[bytes] = set()
    for member in members:
        shown = quoted(member.name)
        if member.name in seen:
            raise Refused("zip-duplicate", f"an archive with two members {shown}")
        seen.add(member.name)
        if member.name.startswith(b"/") or b".." in member.name.replace(b"\\", b"/").split(b"/"):
            raise Refused("zip-name-unsafe", f"an archive with the member {shown}")
        if member.flags & ENCRYPTED:
            raise Refused("zip-encrypted", f"an archive with the encrypted member {shown}")
        if not 0 <= member.offset <= archive.begin - 30:
            raise Refused("zip-broken", f"member {shown} lies outside the archive")
        _require_same_header(source, member, shown)


def _require_same_header(source: Source, member: _Member, shown: str) -> None:
    header = source.read(member.offset, 30)
    if header[:4] != LOCAL:
        raise Refused("zip-broken", f"member {shown} has no local header")
    flags, names = unpack("<H18xH", header[6:28])
    if flags & ENCRYPTED:
        raise Refused("zip-encrypted", f"member {shown} is encrypted in its local header only")
    if source.read(member.offset + 30, names) != member.name:
        raise Refused("zip-name-mismatch", f"member {shown} has another name in its local header")


def _require_no_pickle(source: Source, archive: Archive, member: _Member) -> None:
    names, extra = unpack("<HH", source.read(member.offset + 26, 4))
    begin = member.offset + 30 + names + extra
    end = min(begin + member.packed, archive.begin)
    if end <= begin:
        return
    data: Bytes
    if member.method == STORED:
        data, head = Stream(source, begin, end), source.read(begin, min(128, end - begin))
    elif member.method == DEFLATED:
        inflated = inflate(source.read(begin, min(end - begin, MAX_INFLATED)), -zlib.MAX_WBITS)
        data, head = io.BytesIO(inflated), inflated[:128]
    else:
        raise Refused("zip-broken", f"member {quoted(member.name)} is packed by {member.method}")
    where = f"member {quoted(member.name)} is "
    numpy_arrays.require_no_objects(head, where)
    program = read_program(data, head=head)
    if program.acts or program.marked or member.name.endswith(b".pkl"):
        raise refusal(program, where)


def inflate(data: bytes, window: int) -> bytes:
    """Return the first bytes of deflated data, as far as it can be read."""
    try:
        return zlib.decompressobj(window).decompress(data, MAX_INFLATED)
    except zlib.error:
        return b""
