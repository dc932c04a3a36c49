"""Fingerprints of wording: small, keyed, and alike for copies only."""

import random

import pytest

from audit.watermark import compare, fingerprint, pack_fingerprint, unpack_fingerprint

KEY = b"k" * 32
WORDS = [f"w{number}" for number in range(3000)]
HAN = [chr(0x4E00 + number) for number in range(2000)]


def english(seed: int, count: int = 230) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=count))


def chinese(seed: int, count: int = 300) -> str:
    return "".join(random.Random(seed).choices(HAN, k=count))


@pytest.mark.parametrize("write", [english, chinese])
def test_a_copy_has_the_same_fingerprint_and_another_text_none_of_it(write) -> None:
    one, other = fingerprint(write(1), KEY), fingerprint(write(2), KEY)
    assert compare(one, fingerprint(write(1).upper() + "  ", KEY)).of_text_permille == 1000
    assert compare(one, other).of_text_permille == 0
    assert 4 * len(one) <= 600


def test_a_third_of_the_words_replaced_still_shares_much() -> None:
    rng = random.Random(3)
    edited = [rng.choice(WORDS) if rng.random() < 0.3 else word for word in english(1).split()]
    assert (
        compare(fingerprint(" ".join(edited), KEY), fingerprint(english(1), KEY)).of_text_permille
        > 150
    )


def test_another_key_gives_another_fingerprint() -> None:
    assert not set(fingerprint(english(1), KEY)) & set(fingerprint(english(1), b"x" * 32))


def test_a_long_text_keeps_a_bounded_fingerprint_that_its_parts_are_found_in() -> None:
    whole = english(4, 5000)
    part = " ".join(whole.split()[1000:2500])
    kept = fingerprint(whole, KEY)
    assert len(kept) == 144
    assert compare(fingerprint(part, KEY, most=None), kept).of_text_permille > 900


def test_a_response_inside_a_long_text_is_found_in_it() -> None:
    part = english(1)
    whole = f"{english(4, 5000)} {part} {english(5, 5000)}"
    shared = compare(fingerprint(whole, KEY, most=None), fingerprint(part, KEY))
    assert shared.permille > 900
    assert shared.of_text_permille < 50


@pytest.mark.parametrize("text", ["", "one two", "你好", "!?", "\x00", "🙂 🙂"])
def test_a_text_too_short_to_recognise_has_an_empty_fingerprint(text: str) -> None:
    assert fingerprint(text, KEY) == ()
    assert compare((), fingerprint(english(1), KEY)).of_text_permille == 0


def test_a_fingerprint_reads_back() -> None:
    kept = fingerprint(english(1), KEY)
    assert unpack_fingerprint(pack_fingerprint(kept)) == kept
