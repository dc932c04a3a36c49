"""Examinations: what the verdict is for honest copies, edits, and attacks."""

import random
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from audit.core.errors import EvidenceError, UsageError
from audit.documents import Decision, Detection, DetectionVerdict, KeyRegistry, Via
from audit.watermark.examine import Examiner, Sources, log10_text, tokenizer_digest
from audit.watermark.labels import Carrier, add_label, label_for
from tests.unit.watermark.made import TRUSTED
from tests.unit.watermark.world import (
    DAY,
    START,
    WORDS,
    LetterTokenizer,
    WordTokenizer,
    World,
    human,
    line,
)

AUTHENTIC, DERIVED = DetectionVerdict.AUTHENTIC, DetectionVerdict.DERIVED
MODEL_ONLY, NEAR_COPY = DetectionVerdict.MODEL_ONLY, DetectionVerdict.NEAR_COPY
INCONCLUSIVE, NO_EVIDENCE = DetectionVerdict.INCONCLUSIVE, DetectionVerdict.NO_EVIDENCE


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path)


def edit(text: str, share: float, kind: str, seed: int = 1) -> str:
    rng = random.Random(seed)
    words: list[str] = []
    for word in text.split():
        hit = rng.random() < share
        if kind == "insert" and hit:
            words.append(rng.choice(WORDS))
        if kind == "delete" and hit:
            continue
        words.append(rng.choice(WORDS) if kind == "substitute" and hit else word)
    return " ".join(words)


def names(found: Detection) -> list[str]:
    return [one.receipt_id for one in found.attributions if one.decision is Decision.PRESENT]


# Honest copies


def test_the_delivered_text_is_authentic(world: World) -> None:
    text, issued = world.answer()
    found = world.examiner().examine(f"\n{text}  ")
    assert found.verdict is AUTHENTIC
    assert names(found) == [issued.receipt.receipt_id]
    assert found.attributions[0].exact
    assert found.attributions[0].model_digest == "sha256:" + "1" * 64
    assert found.attributions[0].receipt_digest == issued.receipt.document_digest()


def test_a_copy_that_kept_its_label_is_found_by_it(world: World) -> None:
    text, issued = world.answer()
    label = label_for(issued.record.signed, producer="acme")
    found = world.examiner().examine(add_label(text, label, Carrier.TEXT, source="f"))
    assert found.verdict is AUTHENTIC
    assert Via.LABEL in found.attributions[0].via


@pytest.mark.parametrize("seed", range(5))
def test_human_text_gives_no_evidence(world: World, seed: int) -> None:
    world.answer()
    found = world.examiner(scan=True).examine(human(seed))
    assert found.verdict is NO_EVIDENCE
    assert found.attributions == ()


# Edits


@pytest.mark.parametrize("kind", ["delete", "substitute", "insert"])
def test_words_deleted_substituted_or_inserted_make_an_altered_text(
    world: World, kind: str
) -> None:
    text, issued = world.answer()
    found = world.examiner().examine(edit(text, 0.1, kind))
    assert found.verdict is DERIVED
    assert names(found) == [issued.receipt.receipt_id]
    assert not found.attributions[0].exact


def test_one_inserted_not_is_never_the_words_of_the_model(world: World) -> None:
    text, _ = world.answer()
    words = text.split()
    words.insert(150, "not")
    assert world.examiner().examine(" ".join(words)).verdict is DERIVED


def test_shuffled_sentences_keep_the_mark(world: World) -> None:
    text, _ = world.answer()
    words = text.split()
    parts = [words[at : at + 15] for at in range(0, 300, 15)]
    random.Random(1).shuffle(parts)
    found = world.examiner().examine(" ".join(word for part in parts for word in part))
    assert found.verdict is DERIVED


def test_a_cropped_half_is_derived(world: World) -> None:
    text, _ = world.answer()
    assert world.examiner().examine(" ".join(text.split()[75:225])).verdict is DERIVED


def test_dilution_with_nine_times_as_much_foreign_text_is_seen_through(world: World) -> None:
    text, issued = world.answer()
    found = world.examiner().examine(" ".join([human(1, 1350), text, human(2, 1350)]))
    assert found.verdict is DERIVED
    assert names(found) == [issued.receipt.receipt_id]
    assert "partial" in found.remarks
    first, last = found.presence[0].tokens
    assert 1200 < first < last < 1800


def test_two_models_concatenated_are_both_named(world: World) -> None:
    one, _ = world.answer(1)
    two, _ = world.answer(2, model="acme/two")
    found = world.examiner().examine(f"{one} {two}")
    assert {finding.model_id for finding in found.presence} == {"acme/one", "acme/two"}
    assert {"several-models", "mixture"} <= set(found.remarks)
    assert found.verdict is DERIVED


@pytest.mark.parametrize(
    ("name", "disguise"),
    [
        ("full width", lambda text: "".join(chr(ord(c) + 0xFEE0) if c > " " else c for c in text)),
        ("zero width", lambda text: text.replace("a", "a\u200b").replace("e", "\u2060e")),
        ("combining", lambda text: text.replace("o", "o\u034f")),
        ("homoglyphs", lambda text: text.replace("a", "а").replace("e", "е")),
        ("bidi marks", lambda text: "\u202d" + text.replace(" ", " \u200e")),
    ],
)
def test_invisible_and_look_alike_edits_are_undone(world: World, name: str, disguise) -> None:
    text, _ = world.answer()
    assert unicodedata.normalize("NFC", disguise(text)) != text
    assert world.examiner().examine(disguise(text)).verdict is DERIVED, name


def test_changed_case_and_punctuation_fall_back_to_the_wording(world: World) -> None:
    text, issued = world.answer()
    found = world.examiner().examine(text.upper().replace(" ", ", "))
    assert found.verdict is NEAR_COPY
    assert found.attributions[0].receipt_id == issued.receipt.receipt_id
    assert names(found) == []


def test_a_paraphrase_is_no_evidence_and_no_false_claim(world: World) -> None:
    """Every word replaced by another one, as paraphrase and translation do to the mark."""
    text, _ = world.answer()
    other = {word: WORDS[(number * 7 + 3) % len(WORDS)] for number, word in enumerate(WORDS)}
    found = world.examiner(scan=True).examine(" ".join(other[word] for word in text.split()))
    assert found.verdict is NO_EVIDENCE


# Receipts that are absent, foreign, revoked, forged


def test_without_its_receipt_a_marked_text_names_the_model_alone(world: World) -> None:
    text, _ = world.answer(1, count=400, keep=False)
    for seed in range(2, 12):
        world.answer(seed)
    found = world.examiner(scan=True).examine(text)
    assert found.verdict is MODEL_ONLY
    assert names(found) == []
    assert found.presence[0].model_id == "acme/one"


def test_a_scan_of_all_tags_finds_a_receipt_whose_fingerprint_was_erased(world: World) -> None:
    text, issued = world.answer(1, count=400)
    for seed in range(2, 8):
        world.answer(seed)
    world.shelf.erase(issued.receipt.receipt_id)
    assert world.examiner().examine(text).verdict is MODEL_ONLY
    found = world.examiner(scan=True).examine(text)
    assert found.verdict is DERIVED, "the salt is gone, so nobody can call it the exact text"
    assert names(found) == [issued.receipt.receipt_id]
    assert found.attributions[0].via == (Via.SCAN,)


def test_a_label_of_another_text_does_not_make_it_authentic(world: World) -> None:
    _, issued = world.answer()
    label = label_for(issued.record.signed, producer="acme")
    found = world.examiner().examine(add_label(human(3), label, Carrier.TEXT, source="f"))
    assert found.verdict is NO_EVIDENCE
    assert found.attributions == ()


def test_pieces_of_many_responses_are_reported_as_a_mixture_or_not_attributed(
    world: World,
) -> None:
    texts = [world.answer(seed)[0].split() for seed in range(4)]
    pieces = [words[at : at + 80] for at, words in zip((0, 60, 120, 180), texts, strict=True)]
    found = world.examiner().examine(" ".join(word for piece in pieces for word in piece))
    assert found.verdict in {DERIVED, MODEL_ONLY}
    assert len(names(found)) != 1 or "mixture" in found.remarks


def test_n_grams_replayed_from_many_responses_are_at_most_a_partial_match(
    world: World,
) -> None:
    texts = [world.answer(seed)[0].split() for seed in range(25)]
    rng = random.Random(1)
    pieces = []
    for words in texts:
        at = rng.randrange(len(words) - 10)
        pieces += words[at : at + 10]
    found = world.examiner().examine(" ".join(pieces))
    assert found.verdict in {MODEL_ONLY, INCONCLUSIVE, DERIVED}
    assert (found.verdict is DERIVED) == ("partial" in found.remarks)


def test_averaging_many_responses_forges_no_single_receipt(world: World) -> None:
    """An attacker learns which token the key prefers after the contexts he has seen."""
    learnt: dict[tuple[str, ...], str] = {}
    starts = []
    for seed in range(16):
        words = world.answer(seed)[0].split()
        starts.append(tuple(words[4:8]))
        for at in range(4, len(words)):
            learnt[tuple(words[at - 4 : at])] = words[at]
    text: list[str] = []
    for start in starts:
        text += [*start]
        for _ in range(15):
            text.append(learnt[tuple(text[-4:])])
    found = world.examiner().examine(" ".join(text))
    assert found.verdict is not AUTHENTIC
    assert len(names(found)) != 1
    assert {"mixture", "partial"} <= set(found.remarks) or not names(found)


def test_a_leaked_key_forges_no_receipt_and_its_presence_does_not_count(tmp_path: Path) -> None:
    revoked = line(revoked_at_ns=START + DAY)
    world = World.make(tmp_path, revoked)
    honest, issued = world.answer(1)
    world.now = START + 2 * DAY
    forged, late = world.answer(2)
    examiner = world.examiner(scan=True)
    assert examiner.examine(honest).verdict is AUTHENTIC
    assert examiner.examine(edit(honest, 0.1, "substitute")).verdict is DERIVED
    found = examiner.examine(forged)
    assert found.verdict in {INCONCLUSIVE, NO_EVIDENCE}
    assert {"key-revoked", "key-not-valid"} <= set(found.remarks)
    assert late.receipt.receipt_id not in names(found)
    assert issued.receipt.receipt_id not in names(found)


def test_a_receipt_of_a_key_nobody_trusts_counts_for_nothing(world: World) -> None:
    text, _ = world.answer()
    sources = world.examiner().sources
    stranger = Sources(sources.registry, sources.keys, world.shelf, {})
    found = Examiner(stranger, world.examiner().tokenizers).examine(text)
    assert found.verdict is MODEL_ONLY
    assert "receipt-not-trusted" in found.remarks


def test_an_edited_receipt_on_the_shelf_counts_for_nothing(world: World) -> None:
    text, issued = world.answer(keep=False)
    signed = issued.record.signed
    forged = issued.record.model_copy(
        update={
            "signed": signed.model_copy(
                update={"receipt": signed.receipt.model_copy(update={"tokens": 1})}
            )
        }
    )
    world.shelf.add(forged, lookup=issued.lookup)
    found = world.examiner().examine(text)
    assert found.verdict is MODEL_ONLY
    assert found.remarks == ("receipt-not-trusted",)


# Odd texts


def test_a_repeated_loop_is_counted_once(world: World) -> None:
    looped = " ".join(["bada bade badi bado badu bafa"] * 300)
    assert world.examiner().examine(looped).verdict is NO_EVIDENCE
    text, _ = world.answer(count=12)
    assert world.examiner().examine(" ".join([text] * 60)).verdict is not MODEL_ONLY


@pytest.mark.parametrize(
    "text", ["", " ", "bada", "\x00", "\ud800", "🙂\u200d🙂", "\u202e", "---\n"]
)
def test_an_empty_or_odd_text_is_short_and_no_evidence(world: World, text: str) -> None:
    found = world.examiner(scan=True).examine(text)
    assert found.verdict is NO_EVIDENCE
    assert "short" in found.remarks


def test_a_text_of_a_megabyte_is_examined(world: World) -> None:
    text, _ = world.answer()
    foreign = " ".join(f"{word}{'x' * 80}" for word in human(1, 6500).split())
    long = f"{foreign} {text} {foreign[::-1]}"
    assert len(long) > 10**6
    assert world.examiner().examine(long).verdict is DERIVED


def test_a_text_beyond_the_limit_is_refused(world: World) -> None:
    with pytest.raises(UsageError, match="is the most"):
        world.examiner().examine("x" * 2_000_001)


def test_a_foreign_tokenizer_is_told_from_the_right_one(world: World) -> None:
    assert tokenizer_digest(LetterTokenizer()) != tokenizer_digest(WordTokenizer())
    text, _ = world.answer()
    wrong = world.examiner(**{tokenizer_digest(LetterTokenizer()): LetterTokenizer()})
    with pytest.raises(EvidenceError, match="no tokenizer"):
        wrong.examine(text)


def test_a_foreign_tokenizer_under_the_right_name_sees_nothing(world: World) -> None:
    text, _ = world.answer(keep=False)
    wrong = world.examiner(**{tokenizer_digest(WordTokenizer()): LetterTokenizer()})
    assert wrong.examine(text).verdict is NO_EVIDENCE


def test_an_empty_registry_cannot_tell(world: World) -> None:
    empty = Sources(KeyRegistry(keys=()), {}, world.shelf, TRUSTED)
    with pytest.raises(EvidenceError, match="registry is empty"):
        Examiner(empty, world.examiner().tokenizers).examine("text")


# What the receipt says of itself


def test_coverage_says_how_far_the_mark_reaches(world: World) -> None:
    coverages = [
        world.answer(1)[1].receipt.coverage,
        world.answer(2, count=30)[1].receipt.coverage,
        world.answer(3, bits=0.05)[1].receipt.coverage,
        world.answer(4, alter=lambda text: " ".join(text.split()[::3]))[1].receipt.coverage,
    ]
    assert coverages == ["marked", "short", "low_entropy", "low_entropy"]


def test_a_receipt_never_claims_more_than_a_detector_finds(world: World) -> None:
    text, issued = world.answer()
    mark = issued.receipt.mark
    assert mark is not None
    found = world.examiner().examine(text)
    assert float(found.presence[0].log10_p) >= float(mark.self_check.log10_p)
    assert float(mark.self_check.log10_p) < -20


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.00"), (-0.004, "0.00"), (-31.749, "-31.74"), (-3.0, "-3.00"), (-0.5, "-0.50")],
)
def test_p_values_are_rounded_towards_no_evidence(value: float, text: str) -> None:
    assert log10_text(value) == text


def test_examining_never_reveals_the_text(world: World) -> None:
    secret = "bada 13800138000 " + human(1)
    assert "13800138000" not in world.examiner().examine(secret).model_dump_json()


def test_keys_are_separate_per_model(world: World) -> None:
    text, _ = world.answer(model="acme/two", keep=False)
    found = world.examiner().examine(text)
    assert [one.model_id for one in found.presence] == ["acme/two"]
    assert np.isfinite(float(found.presence[0].log10_p))
