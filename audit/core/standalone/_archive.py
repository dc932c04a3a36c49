"""Archives: what an evidence pack is kept in.

An archive is right if it is, byte for byte, the one that its members make. So there is
nothing to unpack, no compression, no second spelling, and no room for anything else.
"""

import re
import struct
import zlib

from audit.core.standalone._notes import need

MAX_PACK = 512 << 20
LOCAL, CENTRAL = struct.Struct("<4s5H3L2H"), struct.Struct("<4s6H3L5H2L")
END = struct.Struct("<4s4H2LH")
MEMBER = re.compile(
    r"(README\.md|verify\.py|check\.go|manifest\.json|policy|checkpoint|entries\.jsonl|edges\.jsonl"
    r"|proofs/(0|[1-9][0-9]{0,18})\.tlog-proof|receipts/[0-7][0-9A-HJKMNP-TV-Z]{25}\.json"
    r"|tile/[0-7]/(x[0-9]{3}/){0,5}[0-9]{3}(\.p/[1-9][0-9]{0,2})?"
    r"|anchors/(0|[1-9][0-9]{0,18})(\.checkpoint|\.consistency|-timestamp-[1-9][0-9]{0,3}\.tsr"
    r"|-log-[1-9][0-9]{0,3}\.json)|anchors/(tsa-roots\.pem|tsa-chain\.pem|trusted-root\.json))"
)
"""Every name a member may have: none leads out of a folder."""

Members = dict[str, bytes]


def write_archive(members: Members) -> bytes:
    """Return the one archive of these members: stored, in the order of their names, without times."""
    parts, central, at = [], [], 0
    for name, data in sorted(members.items()):
        raw, size = name.encode("ascii"), len(data)
        fixed = (20, 0, 0, 0, 33, zlib.crc32(data), size, size, len(raw), 0)
        local = LOCAL.pack(b"PK\3\4", *fixed) + raw
        central.append(CENTRAL.pack(b"PK\1\2", 0x314, *fixed, 0, 0, 0, 0o100644 << 16, at) + raw)
        parts += [local, data]
        at += len(local) + size
    size, count = sum(map(len, central)), len(central)
    need(count < 1 << 16 and at <= MAX_PACK, "more than a pack can hold")
    return b"".join([*parts, *central, END.pack(b"PK\5\6", 0, 0, count, count, size, at, 0)])


def read_archive(data: bytes) -> Members:
    """Return the members of an archive.

    Raises:
        ValueError: it is not the one archive of these members, or one has no name of ours.
    """
    need(len(data) <= MAX_PACK, "the archive is larger than any pack")
    members, at, last = Members(), 0, ""
    while data[at : at + 4] == b"PK\3\4" and len(data) >= at + LOCAL.size:
        *_, size, length, _ = LOCAL.unpack_from(data, at)
        at += LOCAL.size + length
        name = data[at - length : at].decode("ascii", "replace")
        need(MEMBER.fullmatch(name), f"a pack has no member {name!r}")
        need(name > last, f"{name} stands twice, or out of order")
        members[name], at, last = data[at : at + size], at + size, name
    need(write_archive(members) == data, "the archive is not the one that its members make")
    return members
