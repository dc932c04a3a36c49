"""The pages about marks: every attack has its test, and nothing claims what a mark cannot do."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "watermark-attacks.md").read_text("utf-8")
# What the request for this room names, word for word where a word is enough.
ATTACKS = [
    "deleted", "substituted", "inserted", "shuffled", "cropping", "dilution",
    "two models concatenated", "NFKC", "zero-width", "homoglyph", "case and punctuation",
    "n-gram replay", "mixture", "averaging", "repeated loops", "piggyback",
    "detector as an oracle", "leaked key", "absent receipts", "foreign tokenizer",
    "empty and one-token", "1 MB", "invalid UTF-8", "forged receipt", "edited receipt",
    "receipt of another text", "paraphrase", "translation", "malleability", "replayed",
    "label fields", "collide", "clock goes back", "leaves mid-stream", "n > 1", "tool calls",
    "64 at once",
]  # fmt: skip
SOURCES = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
FOLDERS = ("docs", "audit", "policies", "reports", "examples", "changelog.d")
SUFFIXES = {".md", ".py", ".yaml", ".j2", ".html", ".toml"}
TEXTS = [
    path
    for path in (
        *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*")),
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
    )
    # claims.yaml is the list of what reports must never say.
    if path.suffix in SUFFIXES and path.name != "claims.yaml"
]
CLAIM = re.compile(
    r"(proof|prove[sn]?|evidence|guarantee[sd]?)[^.|]{0,40}\b(authorship|who (wrote|is the author)|author of)"
    r"|作者身份的?(证明|证据)|证明(了)?作者",
    re.IGNORECASE,
)
DENIED = re.compile(r"\b(no|not|never|nor|cannot)\b|不|非", re.IGNORECASE)


@pytest.mark.parametrize("attack", ATTACKS)
def test_every_attack_is_in_the_table(attack: str) -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    assert any(attack in row for row in rows)


def test_every_row_names_tests_that_exist() -> None:
    for line in PAGE.splitlines():
        if line.startswith("| ") and not line.startswith("| attack |"):
            named = re.findall(r"`(test_\w+)`", line)
            assert named, line
            assert all(f"def {name}(" in SOURCES for name in named), line


def claims(text: str) -> list[str]:
    """Return the sentences that call something a proof of authorship and do not deny it."""
    sentences = re.split(r"(?<=[.!?。！？])\s|\n\s*\n|\|", text)
    return [one for one in sentences if CLAIM.search(one) and not DENIED.search(one)]


def test_no_document_calls_a_mark_a_proof_of_authorship() -> None:
    found = {str(path): claims(path.read_text("utf-8")) for path in TEXTS}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "text",
    ["The mark is proof of authorship.", "It proves who wrote a text.", "水印可以证明作者。"],
)
def test_such_a_claim_would_be_found(text: str) -> None:
    assert claims(text) == [text]


def test_the_pages_say_plainly_that_it_is_none() -> None:
    for name in ("watermark.md", "limitations.md", "watermark-quality.md"):
        text = " ".join((ROOT / "docs" / name).read_text("utf-8").split())
        assert re.search(
            r"not (a )?proof of authorship|no proof of authorship|does not say who wrote", text
        )
