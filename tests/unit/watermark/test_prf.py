"""The generators, against answers that were published or computed by the engines' own code."""

import json
from pathlib import Path

import numpy as np
import pytest

from audit.documents import MarkProfile, Scheme
from audit.watermark.mark import Streams, philox
from audit.watermark.native import ENGINES, _sglang

VECTORS = Path(__file__).parents[2] / "vectors" / "watermark"
RANDOM123 = json.loads((VECTORS / "philox-random123.match.json").read_text())["cases"]


@pytest.mark.parametrize("case", RANDOM123, ids=lambda case: case["words"][0])
def test_philox_gives_the_answers_of_random123(case: dict[str, list[str]]) -> None:
    counter, key, words = (
        [int(word, 16) for word in case[part]] for part in ("counter", "key", "words")
    )
    assert [int(word) for word in philox(tuple(counter), tuple(key))] == words


@pytest.mark.parametrize("path", sorted(VECTORS.glob("native-*.match.json")), ids=lambda p: p.stem)
def test_native_numbers_are_those_of_the_engine(path: Path) -> None:
    vectors = json.loads(path.read_text())
    numbers = ENGINES[Scheme(vectors["scheme"])]
    for case in vectors["cases"]:
        tokens = np.array(case["tokens"])
        contexts = np.tile(np.array(case["context"]), (len(tokens), 1))
        expected = [float(number) for number in case["numbers"]]
        found = numbers(int(case["key"]), contexts, tokens)
        assert found == pytest.approx(expected, abs=float(vectors["tolerance"]))


@pytest.mark.parametrize("scheme", ENGINES)
def test_native_numbers_are_uniform_and_change_with_key_context_and_token(scheme: Scheme) -> None:
    numbers = ENGINES[scheme]
    rng = np.random.default_rng(3)
    contexts, tokens = rng.integers(0, 50_000, (20_000, 4)), rng.integers(0, 50_000, 20_000)
    found = numbers(0x0123456789ABCDEF, contexts, tokens)
    counts = np.bincount((found * 64).astype(int), minlength=64)
    assert float((((counts - 312.5) ** 2) / 312.5).sum()) < 120  # chi-square, 63 degrees: p ~ 2e-5
    others = (
        numbers(0x0123456789ABCDEE, contexts, tokens),
        numbers(0x0123456789ABCDEF, contexts[:, ::-1], tokens),
        numbers(0x0123456789ABCDEF, contexts, tokens ^ 1),
    )
    for other in others:
        assert abs(np.corrcoef(found, other)[0, 1]) < 0.04


def test_pilot_and_payload_share_contexts_as_the_profile_says() -> None:
    streams = Streams(MarkProfile(pilot_permille=500), b"p" * 32, b"q" * 32)
    positions = [streams.slot(bytes([n % 256, n // 256]) * 8).position for n in range(6000)]
    share = positions.count(-1) / len(positions)
    assert 0.48 < share < 0.52
    for position in range(6):
        assert 400 < positions.count(position) < 600


def test_payload_numbers_need_the_payload_key() -> None:
    profile = MarkProfile(pilot_permille=0)
    mine, theirs = (Streams(profile, b"p" * 32, key) for key in (b"q" * 32, b"r" * 32))
    context = b"\x01\x00\x00\x00" * 4
    assert mine.slot(context).position == theirs.slot(context).position
    assert mine.slot(context).seed != theirs.slot(context).seed


@pytest.mark.parametrize(
    ("word", "expected"), [(0x87654321, 0xF55B516B), (0, 0x2362F9DE), (0xFFFFFFFF, 0x76293B50)]
)
def test_murmurhash3_gives_its_known_answers(word: int, expected: int) -> None:
    assert int(_sglang._murmur3([np.array([word], dtype=np.uint64)])[0]) == expected
