"""Log files: order, bad lines, packed input, processes, and taking up where a run stopped."""

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from audit.core.errors import ConfigError, RedactionFailed
from audit.redact import FileJob, LineSettings, opened, redact_file, redact_lines

NUMBER = "13812345678"
LINES = [
    json.dumps({"msg": f"call {NUMBER}", "n": 1}).encode(), b"plain " + NUMBER.encode(), b"\xff\xfe not text " + NUMBER.encode(),
    b"", b'{"a": 1.50,  "b": [true]}', f'{{"broken": "{NUMBER}'.encode(), "证件110101199003074610".encode(),
]  # fmt: skip
DATA = b"\n".join(LINES) + b"\n"


def run(data: bytes, workers: int = 1) -> tuple[bytes, list[int], bytes]:
    out: list[bytes] = []
    bad: list[bytes] = []
    done = redact_lines(
        opened(io.BytesIO(data)),
        lambda d: (out.append(d.out), bad.append(d.bad)),
        LineSettings(),
        workers,
    )
    return b"".join(out), done.refused, b"".join(bad)


def test_lines_keep_their_order_and_none_is_dropped() -> None:
    out, refused, bad = run(DATA)
    lines = out.split(b"\n")
    assert len(lines) == len(LINES) + 1
    assert NUMBER.encode() not in out
    assert (refused, lines[2]) == ([3], b"***REDACTED***")
    assert bad == LINES[2] + b"\n"
    assert lines[4] == LINES[4]


def test_a_last_line_without_an_end_stays_without_one() -> None:
    assert run(b"a\nb")[0] == b"a\nb"


def test_a_line_beyond_the_limit_is_refused_and_the_next_one_is_not() -> None:
    out, refused, _ = run(b"x" * (9 << 20) + b"\nplain " + NUMBER.encode() + b"\n")
    assert (out, refused) == (b"***REDACTED***\nplain ***PHONE***\n", [1])


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_packed_input_is_unpacked(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path, out = tmp_path / "log", list[bytes]()
    path.write_bytes(pack(DATA))
    with path.open("rb") as file:
        redact_lines(opened(file), lambda d: out.append(d.out), LineSettings())
    assert b"".join(out) == run(DATA)[0]


@pytest.mark.slow
def test_processes_give_what_one_gives() -> None:
    data = DATA * 2000
    assert run(data, 2) == run(data)


@pytest.mark.slow
def test_a_file_appears_whole_and_a_stopped_run_goes_on(tmp_path: Path) -> None:
    source, output = tmp_path / "log", tmp_path / "out"
    source.write_bytes(DATA * 3_000)
    job = FileJob(source, output, LineSettings())

    class Stop:
        left = 300_000

        def start(self, label: str, total: int) -> None: ...

        def advance(self, count: int) -> None:
            self.left -= count
            if self.left < 0:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        redact_file(job, Stop())
    assert not output.exists()
    state = json.loads((tmp_path / "out.part.json").read_text())
    assert state["lines"] > 0
    done = redact_file(FileJob(source, output, LineSettings(), resume=True))
    assert done.lines == len(LINES) * 3_000
    assert len(done.refused) == 3_000
    assert output.read_bytes() == run(DATA * 3_000)[0]
    assert not (tmp_path / "out.part").exists()


def test_there_must_be_something_to_resume_of_the_same_input(tmp_path: Path) -> None:
    source = tmp_path / "log"
    source.write_bytes(DATA)
    with pytest.raises(ConfigError):
        redact_file(FileJob(source, tmp_path / "out", LineSettings(), resume=True))


@pytest.mark.slow
def test_a_worker_that_dies_ends_the_run_and_leaves_no_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "log"
    source.write_bytes(DATA)
    # A worker cannot start in a folder that is gone, which is as dead as any.
    monkeypatch.setenv("PYTHONHOME", str(tmp_path / "nowhere"))
    with pytest.raises(RedactionFailed):
        redact_file(FileJob(source, tmp_path / "out", LineSettings(), workers=2))
    assert not (tmp_path / "out").exists()
