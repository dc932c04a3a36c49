"""The archive of an evidence pack has one spelling: every other zip file is refused."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.standalone import read_archive, write_archive

MEMBERS = {"checkpoint": b"c" * 40, "entries.jsonl": b"{}\n", "policy": b"", "tile/0/000.p/1": b"h"}
GOOD = write_archive(MEMBERS)
REFUSED = r"archive|pack|stands"


def info(name: str, method: int = zipfile.ZIP_STORED, mode: int = 0o100644) -> zipfile.ZipInfo:
    found = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    found.compress_type, found.external_attr, found.create_system = method, mode << 16, 3
    return found


def zipped(*members: tuple[zipfile.ZipInfo, bytes], comment: bytes = b"") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for one, data in members:
            archive.writestr(one, data)
        archive.comment = comment
    return out.getvalue()


def test_it_is_what_other_zip_programs_write_and_read() -> None:
    assert zipped(*((info(name), data) for name, data in MEMBERS.items())) == GOOD
    with zipfile.ZipFile(io.BytesIO(GOOD)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == MEMBERS
    assert read_archive(GOOD) == MEMBERS


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_no_byte_of_it_can_be_changed(at: int, flip: int) -> None:
    with pytest.raises(ValueError, match=REFUSED):
        read_archive(GOOD[:at] + bytes([GOOD[at] ^ flip]) + GOOD[at + 1 :])


@given(st.integers(0, len(GOOD)), st.binary(min_size=1, max_size=40))
def test_nothing_can_be_put_into_it_or_taken_away(at: int, more: bytes) -> None:
    for bad in (GOOD[:at] + more + GOOD[at:], GOOD[: at - 1] + GOOD[at:] if at else GOOD[:-1]):
        if bad != GOOD:
            with pytest.raises(ValueError, match=REFUSED):
                read_archive(bad)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_and_never_crash(data: bytes) -> None:
    for bad in (data, b"PK\3\4" + data, GOOD[:60] + data):
        if bad != GOOD:
            with pytest.raises(ValueError, match=REFUSED):
                read_archive(bad)


@pytest.mark.parametrize(
    "name",
    [
        "../checkpoint", "/etc/passwd", "tile/../policy", "tile/0/../../policy", "..", ".",
        "C:\\policy", "tile\\0\\000", "./policy", "policy/", "tile//0/000", "Policy", "policy ",
        "notes.txt", "__MACOSX/policy", "tile/8/000", "tile/0/000.p/0", "tile/0/x1/000",
        "proofs/01.tlog-proof", "proofs/x.tlog-proof", "receipts/x.json", "anchors/../policy",
        "anchors/.hidden", "anchors/a/b", "",
    ],
)  # fmt: skip
def test_a_name_that_no_member_has_is_refused(name: str) -> None:
    # zipfile would mend some of these names; our own writer does not.
    with pytest.raises(ValueError, match="a pack has no member"):
        read_archive(write_archive({name: b"x"}))


def two(first: zipfile.ZipInfo, second: zipfile.ZipInfo) -> bytes:
    with pytest.warns(UserWarning, match="Duplicate"):
        return zipped((first, b"1"), (second, b"2"))


def _encrypted() -> bytes:
    data = bytearray(zipped((info("policy"), b"x")))
    for at in (6, data.index(b"PK\1\2") + 8):
        data[at] |= 1
    return bytes(data)


def _streamed() -> bytes:
    """A member whose size stands after it, as writers to a pipe do."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    out = Pipe()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info("policy"), b"x")
    return out.getvalue()


def _zip64() -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w") as archive,
        archive.open(info("policy"), "w", force_zip64=True) as member,
    ):
        member.write(b"x")
    return out.getvalue()


def _wrong_crc() -> bytes:
    good, bad = struct.pack("<L", zlib.crc32(b"x")), struct.pack("<L", zlib.crc32(b"y"))
    return zipped((info("policy"), b"x")).replace(good, bad)


def _extra() -> bytes:
    one = info("policy")
    one.extra = b"up\3\0abc"
    return zipped((one, b"x"))


def _commented() -> bytes:
    one = info("policy")
    one.comment = b"hello"
    return zipped((one, b"x"))


def _local_name() -> bytes:
    """A member that has one name in front of it and another in the directory."""
    data = zipped((info("policy"), b"x"))
    at = data.rindex(b"policy")
    return data[:at] + b"notice" + data[at + 6 :]


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: zipped((info("policy", mode=0o120777), b"/etc/passwd")), id="link"),
        pytest.param(lambda: zipped((info("policy", mode=0o040755), b"")), id="folder"),
        pytest.param(lambda: zipped((info("policy", mode=0o020666), b"")), id="device"),
        pytest.param(lambda: zipped((info("policy", mode=0o100755), b"x")), id="executable"),
        pytest.param(lambda: two(info("policy"), info("policy")), id="duplicate"),
        pytest.param(lambda: zipped((info("policy"), b""), (info("checkpoint"), b"")), id="order"),
        pytest.param(
            lambda: zipped((info("policy", zipfile.ZIP_DEFLATED), bytes(50_000_000))), id="bomb"
        ),
        pytest.param(lambda: zipped((info("policy", zipfile.ZIP_BZIP2), b"x")), id="bzip2"),
        pytest.param(lambda: zipped((info("policy"), b"x"), comment=b"hi"), id="archive-comment"),
        pytest.param(lambda: zipped((zipfile.ZipInfo("policy", (2026, 1, 1, 0, 0, 0)), b"x")), id="time"),
        pytest.param(lambda: b"#!/bin/sh\n" + GOOD, id="prefix"),
        pytest.param(lambda: GOOD + b"x", id="suffix"),
        pytest.param(lambda: GOOD + GOOD, id="twice"),
        _encrypted, _streamed, _zip64, _wrong_crc, _extra, _commented, _local_name,
    ],
)  # fmt: skip
def test_a_zip_file_in_another_spelling_is_refused(make: Callable[[], bytes]) -> None:
    with pytest.raises(ValueError, match=REFUSED):
        read_archive(make())


def test_an_archive_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="more than a pack can hold"):
        write_archive({f"proofs/{number}.tlog-proof": b"" for number in range(1 << 16)})
    monkeypatch.setattr("audit.core.standalone._archive.MAX_PACK", len(GOOD) - 1)
    with pytest.raises(ValueError, match="larger than any pack"):
        read_archive(GOOD)
