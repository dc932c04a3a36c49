"""What is counted, and over how many texts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audit.documents import Decision, Detection, MarkProfile
from audit.watermark import ReceiptShelf
from audit.watermark.examine import Examiner, Sources
from audit.watermark.mark import (
    PRESENT,
    Sketch,
    Streams,
    Trail,
    follow,
    log10_designated,
    presence,
    weigh,
)
from tools.quality._attacks import attacks, units
from tools.quality._write import Answer, Writer


@dataclass(frozen=True, slots=True)
class Row:
    """One attack: texts, shares found, and verdicts."""

    attack: str
    texts: int
    key_alone: float
    with_receipt: float
    named: float
    verdicts: Counter[str]


def rows(writer: Writer, marked: Sequence[Answer], plain: Sequence[Answer]) -> list[Row]:
    """Examine every marked text under every attack, with all receipts on the shelf."""
    pool = [unit for answer in plain for unit in units(answer.text)]
    foreign = " ".join(answer.text for answer in plain)
    with shelf_of(marked) as shelf:
        examiner = examiner_for(writer, shelf)
        return [
            _row(name, writer, examiner, [(answer, attack(answer.text)) for answer in marked])
            for name, attack in attacks(pool, foreign).items()
        ]


def _row(name: str, writer: Writer, examiner: Examiner, pairs: Sequence[tuple[Answer, str]]) -> Row:
    """Count what is found; texts that an attack left as they were are left out."""
    pairs = [(answer, text) for answer, text in pairs if name == "none" or text != answer.text]
    texts = [text for _, text in pairs]
    found = [examiner.examine(text) for text in texts]
    alone = [presence(trail_of(writer, text)).log10_p <= PRESENT for text in texts]
    strong = [any(one.decision is Decision.PRESENT for one in each.presence) for each in found]
    right = [
        _names(each, answer)
        for each, answer in zip(found, [answer for answer, _ in pairs], strict=True)
    ]
    return Row(
        name,
        len(texts),
        float(np.mean(alone)),
        float(np.mean(strong)),
        float(np.mean(right)),
        Counter(each.verdict.value for each in found),
    )


def human_verdicts(
    writer: Writer, marked: Sequence[Answer], plain: Sequence[Answer]
) -> Counter[str]:
    """Return the verdicts on unmarked texts, with all receipts on the shelf."""
    with shelf_of(marked) as shelf:
        examiner = examiner_for(writer, shelf)
        return Counter(examiner.examine(answer.text).verdict.value for answer in plain)


def orphans(writer: Writer, marked: Sequence[Answer]) -> Counter[str]:
    """Examine each marked text without its own receipt; siblings of its prompt are there."""
    verdicts: Counter[str] = Counter()
    for answer in marked:
        others = [other for other in marked if other is not answer]
        with shelf_of(others) as shelf:
            verdicts[examiner_for(writer, shelf).examine(answer.text).verdict.value] += 1
    return verdicts


def nulls(writer: Writer, plain: Sequence[Answer], keys: int) -> dict[float, tuple[int, int]]:
    """Return hits and tests at each level, for unmarked texts under foreign keys."""
    rng = np.random.default_rng(11)
    values = []
    for answer in plain:
        tokens = np.array(writer.server.encode(answer.text))
        for _ in range(keys):
            trail = follow(tokens, Streams(MarkProfile(), rng.bytes(32), rng.bytes(32)))
            values.append(log10_designated(trail, rng.bytes(6)))
    found = np.array(values)
    return {
        level: (int((found <= np.log10(level)).sum()), len(found)) for level in (0.1, 0.01, 0.001)
    }


def repetition(answers: Sequence[Answer]) -> tuple[float, float]:
    """Return the share of 4-grams that repeat an earlier one, and the tokens per text."""
    shares = []
    for answer in answers:
        words = units(answer.text)
        grams = [tuple(words[at : at + 4]) for at in range(len(words) - 3)]
        shares.append(1 - len(set(grams)) / max(1, len(grams)))
    return float(np.mean(shares)), float(np.mean([answer.tokens for answer in answers]))


def round_trip(writer: Writer, answers: Sequence[Answer]) -> float:
    """Return the share of sketched contexts that the text as printed still has."""
    shares = []
    for answer in answers:
        if answer.issued is None or answer.issued.record.sketch is None:
            continue
        sketch = Sketch.unpack(bytes.fromhex(answer.issued.record.sketch))
        known = weigh(trail_of(writer, answer.text), sketch, key=writer.keys.sketch).counts.sum()
        shares.append(int(known) / max(1, len(sketch.levels)))
    return float(np.mean(shares))


def shelf_of(answers: Sequence[Answer]) -> ReceiptShelf:
    """Return a shelf in memory with the receipts of these answers."""
    shelf = ReceiptShelf(Path(":memory:"))
    for answer in answers:
        if answer.issued is not None:
            shelf.add(answer.issued.record, lookup=answer.issued.lookup)
    return shelf


def examiner_for(writer: Writer, shelf: ReceiptShelf) -> Examiner:
    """Return an examiner that knows the writer's key and this shelf."""
    trusted = {writer.signer.key: writer.signer.private.public_key()}
    sources = Sources(writer.registry, {writer.line.key_id: writer.keys}, shelf, trusted)
    return Examiner(sources, {writer.line.tokenizer_digest: writer.server})


def trail_of(writer: Writer, text: str) -> Trail:
    """Return the trail of the writer's key through a text."""
    tokens = np.array(writer.server.encode(text), dtype=np.int64)
    return follow(tokens, Streams(writer.line.profile, writer.keys.pilot, writer.keys.payload))


def _names(found: Detection, answer: Answer) -> bool:
    if answer.issued is None:
        return False
    tied = [one.receipt_id for one in found.attributions if one.decision is Decision.PRESENT]
    return tied == [answer.issued.receipt.receipt_id]
