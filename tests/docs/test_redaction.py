"""The redaction pages match the tables they describe, and what they tell a newcomer to type works."""

import io
import re
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from audit.gateway import load
from tests.commandline import Commandline
from tools import redaction_entities

PAGE = (Path(__file__).parents[2] / "docs" / "redaction.md").read_text("utf-8")
DOOR = PAGE.partition("## The gateway door")[2].partition("\n## ")[0]


def blocks(language: str, text: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def line(beginning: str) -> tuple[str, str]:
    """Return a command of the door and what its comment says it answers."""
    shown = next(
        row for block in blocks("sh", DOOR) for row in block.splitlines() if beginning in row
    )
    command, _, answer = shown.partition(" # ")
    return command.strip(), answer.strip()


def test_entity_page_is_what_the_tables_say() -> None:
    assert redaction_entities.PAGE.read_text("utf-8") == redaction_entities.text()


def test_a_text_comes_back_as_the_page_says(
    monkeypatch: pytest.MonkeyPatch, run: Commandline
) -> None:
    shown, answer = line("audit redact text")
    given = re.findall("'(.*)'", shown)[0]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given.encode()), "utf-8"))
    ended = run(shown.partition("| ")[2])
    assert (ended.code, ended.out.strip()) == (0, answer)


def test_a_log_comes_back_as_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Commandline
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("app.jsonl").write_bytes(b'{"msg": "call 13812345678"}\n\xff\n')
    shown, answer = line("audit redact log")
    assert f"exit code {run(shown).code}" in answer
    assert Path("clean.jsonl").read_bytes() == b'{"msg": "call ***PHONE***"}\n***REDACTED***\n'
    assert Path("bad.jsonl").read_bytes() == b"\xff\n"


def test_the_door_is_clean_as_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Commandline
) -> None:
    settings = tmp_path / "gateway.yaml"
    settings.write_text(blocks("yaml", PAGE)[0], "utf-8")
    assert load(settings).attachments == "refuse"
    monkeypatch.setenv("AUDIT_REDACTION", str(settings))
    made: dict[str, Any] = {}
    exec(blocks("python", DOOR)[0], made)  # noqa: S102  the page's own code
    server = uvicorn.Server(
        uvicorn.Config(made["app"], port=0, log_level="error", lifespan="off", ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        shown, answer = line("audit redact doctor")
        ended = run(shown.replace("8000", str(port)))
    finally:
        server.should_exit = True
        thread.join()
    assert ended.out.splitlines()[0] == answer
