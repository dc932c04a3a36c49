"""Synonym shift: guarded, reversible by anybody, and as weak as its figures say."""

import secrets
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.documents import Coverage, DetectionVerdict, Sampling
from audit.watermark import derive_epoch
from audit.watermark.issue import Served
from audit.watermark.synonyms import (
    CHINESE,
    ENGLISH,
    LABEL,
    Pair,
    agreement,
    shift,
    synonym_key,
)
from tests.unit.watermark.world import ROOT, World, line

KEY = b"k" * 32
ENGLISH_TEXT = " ".join(f"They {a} said so." for a in ("often", "perhaps", "almost", "rarely"))
CHINESE_TEXT = "但是他立即来了，因此大家非常高兴。如果下雨，也许我们一起回家。"
PROSE = "\n\n".join(
    f"He {pair.words[0]} went there." if pair.name[:2] == "en" else f"我{pair.words[0]}说了。"
    for pair in (*ENGLISH, *CHINESE)
)


@pytest.mark.parametrize("pair", [*ENGLISH, *CHINESE], ids=lambda pair: pair.name)
def test_each_pair_changes_to_the_key_s_word_and_stays_there(pair: Pair) -> None:
    text = f"we {pair.words[0]} go" if pair.name.startswith("en") else f"我{pair.words[0]}走"
    seen = set()
    for number in range(24):
        once = shift(text, bytes([number]) * 32)
        assert shift(once.text, bytes([number]) * 32).text == once.text
        assert once.slots == 1
        seen.add(once.text)
    assert len(seen) == 2


def test_no_word_is_in_two_pairs_and_none_holds_another_s_end() -> None:
    words = [word for pair in (*ENGLISH, *CHINESE) for word in pair.words]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize(
    "guarded",
    [
        "```\nif often: perhaps()\n```",
        "`often`",
        "    often = perhaps",
        "> He often came.",
        "# Often asked",
        "| often | perhaps |",
        '"He often came."',
        "“He often came.”",
        "「他立即来了」",
        "《如果》",
        "https://example.org/often/perhaps",
        "often@example.org",
        "<b title='often'>",
        "[x](often)",
        "$often$",
        "5 often 7",
        "the Often family",
        "OFTEN",
        "a modern house and an enormous one",
        "二十一起",
        "诸如果汁",
        "非常规武器",
        "often-used",
    ],
)
def test_code_quotes_numbers_names_and_the_like_are_left_alone(guarded: str) -> None:
    for number in range(16):
        assert shift(guarded, bytes([number]) * 32).text == guarded


def test_capitals_at_the_beginning_of_a_sentence_are_kept() -> None:
    found = {shift("It rained. Perhaps it will stop.", bytes([n]) * 32).text for n in range(16)}
    assert found == {"It rained. Perhaps it will stop.", "It rained. Maybe it will stop."}


@given(st.text(max_size=200))
def test_any_text_comes_back_with_the_same_pairs(text: str) -> None:
    once = shift(text, KEY)
    assert shift(once.text, KEY).text == once.text
    assert agreement(text, KEY).agreeing <= agreement(text, KEY).pairs


def test_a_shifted_text_agrees_with_its_key_and_chance_explains_every_other() -> None:
    shifted = shift(PROSE, KEY).text
    mine = agreement(shifted, KEY)
    assert mine.pairs == mine.agreeing == len(ENGLISH) + len(CHINESE)
    assert mine.log10_p < -30
    others = [agreement(shifted, secrets.token_bytes(32)).log10_p for _ in range(400)]
    assert sum(p <= -2 for p in others) <= 16
    assert min(others) > -6


def test_p_values_of_foreign_keys_are_valid() -> None:
    rng = np.random.default_rng(1)
    prose = " ".join(PROSE.split("\n\n")[:20])
    found = np.array([agreement(prose, rng.bytes(32)).log10_p for _ in range(2000)])
    for level in (0.1, 0.01):
        hits, promised = int((found <= np.log10(level)).sum()), 2000 * level
        assert hits <= promised + 4 * np.sqrt(promised)


def test_an_ordinary_paragraph_holds_too_few_pairs_to_say_anything() -> None:
    """The weakness: an ordinary answer has a handful of pairs, and each is one bit."""
    for text in (ENGLISH_TEXT, CHINESE_TEXT):
        found = agreement(shift(text, KEY).text, KEY)
        assert found.agreeing == found.pairs <= 12
        assert found.log10_p > -4


def test_who_writes_his_own_words_undoes_it() -> None:
    shifted = shift(PROSE, KEY).text
    undone = shift(shifted, b"another key of 32 bytes, at hand").text
    assert agreement(undone, KEY).log10_p > -6


def test_a_receipt_that_names_the_shift_ties_an_edited_copy_of_a_black_box(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    issuer, mine = world.issuer(), line()
    ticket = issuer.begin()
    key = synonym_key(derive_epoch(ROOT, mine.model_digest, mine.epoch), ticket.receipt_id)
    text = shift(PROSE, key).text
    served = Served(
        text=text, tokens=900, sampling=Sampling(temperature="1", top_p="1", top_k=0),
        coverage=Coverage.BLACKBOX, labels=(LABEL,),
    )  # fmt: skip
    issued = issuer.finish(ticket, served)
    world.shelf.add(issued.record, lookup=issued.lookup)
    edited = text.replace("went there", "stayed here", 3)
    found = world.examiner().examine(edited)
    assert found.verdict is DetectionVerdict.DERIVED
    assert found.attributions[0].receipt_id == issued.receipt.receipt_id
    plain = world.examiner().examine(shift(edited, b"x" * 32).text)
    assert plain.verdict is DetectionVerdict.NEAR_COPY
