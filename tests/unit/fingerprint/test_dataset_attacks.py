"""Class 21 of docs/ledger-attacks.md: data that means the same to somebody, in other bytes.

The fingerprint is over names and bytes, so each of these is another dataset.
"""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.fingerprint import fingerprint_dataset

ROW = '{"a":1,"b":"x"}\n'


def write(root: Path, name: str, data: bytes | str) -> None:
    (root / name).write_bytes(data.encode() if isinstance(data, str) else data)


def packed(level: int) -> bytes:
    return gzip.compress((ROW * 100).encode(), compresslevel=level, mtime=0)


PAIRS: dict[str, tuple[Callable[[Path], None], Callable[[Path], None]]] = {
    "one row 65,536 times and no row": (
        lambda root: write(root, "d.jsonl", ROW * 65_536),
        lambda root: write(root, "d.jsonl", ""),
    ),
    "one row 65,536 times and twice as often": (
        lambda root: write(root, "d.jsonl", ROW * 65_536),
        lambda root: write(root, "d.jsonl", ROW * 131_072),
    ),
    "a row moved to another file": (
        lambda root: (write(root, "d.jsonl", ROW * 2), write(root, "e.jsonl", ROW))[0],
        lambda root: (write(root, "d.jsonl", ROW), write(root, "e.jsonl", ROW * 2))[0],
    ),
    "NaN and null": (
        lambda root: write(root, "d.jsonl", '{"a":NaN}\n'),
        lambda root: write(root, "d.jsonl", '{"a":null}\n'),
    ),
    "a column under another name": (
        lambda root: write(root, "d.csv", "a,b\n1,2\n"),
        lambda root: write(root, "d.csv", "a,c\n1,2\n"),
    ),
    "a wider type": (
        lambda root: write(root, "d.jsonl", '{"a":1}\n'),
        lambda root: write(root, "d.jsonl", '{"a":1.0}\n'),
    ),
    "another dialect": (
        lambda root: write(root, "d.csv", "a,b\n1,2\n"),
        lambda root: write(root, "d.csv", 'a;b\r\n"1";"2"\r\n'),
    ),
    "a mark of the byte order": (
        lambda root: write(root, "d.csv", "a,b\n"),
        lambda root: write(root, "d.csv", "\N{ZERO WIDTH NO-BREAK SPACE}a,b\n"),
    ),
    "packed again": (
        lambda root: write(root, "d.gz", packed(1)),
        lambda root: write(root, "d.gz", packed(9)),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_21_the_same_data_to_somebody_in_other_bytes_is_another_dataset(
    tmp_path: Path, name: str
) -> None:
    found = []
    for number, make in enumerate(PAIRS[name]):
        root = tmp_path / str(number)
        root.mkdir()
        make(root)
        found.append(fingerprint_dataset([root]).fingerprint)
    assert found[0] != found[1]


def test_21_an_edit_that_keeps_size_and_times_is_noticed(tmp_path: Path) -> None:
    """Nothing is remembered between two runs, so nothing can be believed that is old."""
    write(tmp_path, "d.jsonl", ROW)
    before, times = fingerprint_dataset([tmp_path]).fingerprint, (tmp_path / "d.jsonl").stat()
    write(tmp_path, "d.jsonl", ROW.replace("1", "2"))
    os.utime(tmp_path / "d.jsonl", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert (tmp_path / "d.jsonl").stat().st_mtime_ns == times.st_mtime_ns
    assert fingerprint_dataset([tmp_path]).fingerprint != before
