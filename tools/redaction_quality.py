"""Write docs/redaction-quality.md: our redactor and a stock presidio-analyzer on labelled texts.

    python tools/redaction_quality.py [FOLDER]    FOLDER holds NAME.jsonl, by default tests/corpora

recall: share of labelled spans of which at least half is covered; full: every letter and
digit is covered; precision: share of found spans that touch a labelled one; F2 of both.
"""

import json
import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from audit.redact import redact, spans

ROOT = Path(__file__).resolve().parent.parent
Found = Iterable[tuple[int, int]]
IGNORED = {"ORGANIZATION", "ORG", "TITLE", "AGE", "NRP"}
POLISH = "NIP IBAN PESEL REGON DOWOD DRIVING_LICENSE EMAIL PASSPORT PAYMENT_CARD PHONE VEHICLE_PLATE VIN DOB".split()  # noqa: SIM905
ROWS: tuple[tuple[str, str, set[str]], ...] = (
    ("en_presidio_small", "English, templates with fake data", set()),
    ("pl_core", "Polish documents, identifiers", set(POLISH)),
    ("pl_identifiers", "Polish forms, identifiers in many written forms", set(POLISH)),
    (
        "zh_ids",
        "Chinese and other identifiers, unit cases (sensitive words and organisations not counted)",
        set(),
    ),
    ("fr_echr_dev", "French court decisions, people", {"PER", "LEGAL_PROFESSIONAL"}),
    ("es_echr_dev", "Spanish court decisions, people", {"PER", "LEGAL_PROFESSIONAL"}),
)
NOT_IDENTIFIERS = {
    f"zh_{k}" for k in ["organization", "job_title", "medical", "religion", "political", "sexual_orientation", "ethnicity", "biometric", "criminal_record", "financial", "school", "workplace", "self_reference", "age"]
} | {"en_sensitive", "en_self_reference", "mixed_zh_en_sensitive", "shared_gender"}  # fmt: skip


def score(
    path: Path, predict: Callable[[str], Found], only: set[str]
) -> tuple[str, Counter[str], Counter[str]]:
    """Return the row of a table, and per type how many were labelled and covered."""
    gold, half, full = Counter[str](), Counter[str](), Counter[str]()
    found = wrong = 0
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        text, labels = row["text"], row["spans"]
        covered, wanted = bytearray(len(text)), bytearray(len(text))
        places = list(predict(text))
        for start, end in places:
            covered[start:end] = b"\1" * (end - start)
        for start, end, kind in labels:
            wanted[start:end] = b"\1" * (end - start)
            if kind in IGNORED | NOT_IDENTIFIERS or (only and kind not in only):
                continue
            gold[kind] += 1
            half[kind] += sum(covered[start:end]) * 2 >= end - start
            full[kind] += all(covered[i] for i in range(start, end) if text[i].isalnum())
        found += len(places)
        wrong += sum(not any(wanted[start:end]) for start, end in places)
    total = sum(gold.values())
    recall, whole = sum(half.values()) / total, sum(full.values()) / total
    precision = 1 - wrong / found if found else 0.0
    f2 = 5 * precision * recall / (4 * precision + recall) if precision + recall else 0.0
    return f"{total} | {recall:.3f} | {whole:.3f} | {precision:.3f} | **{f2:.3f}**", gold, half


def stock() -> Callable[[str], Found]:
    """Return a stock analyzer with its small English spaCy model."""
    from tools.bench.redact import stock_engine

    engine = stock_engine("spacy")
    return lambda text: [(r.start, r.end) for r in engine.analyze(text, language="en")]


def main() -> int:
    logging.disable(logging.WARNING)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests" / "corpora"
    systems: dict[str, Callable[[str], Found]] = {
        "audit, with names": lambda text: [(s.start, s.end) for s in spans(text)],
        "audit, identifiers only": lambda text: [(s.start, s.end) for s in redact(text).spans],
        "stock presidio, spaCy sm": stock(),
    }
    out = [HEAD]
    for name, about, only in ROWS:
        path = folder / f"{name}.jsonl"
        if not path.is_file():
            continue
        out.append(
            f"\n## {name}\n\n{about}.\n\n| system | labelled | recall | full | precision | F2 |\n|---|---|---|---|---|---|"
        )
        details = ""
        for system, predict in systems.items():
            row, gold, half = score(path, predict, only)
            out.append(f"| {system} | {row} |")
            if system == "audit, with names":
                details = ", ".join(f"{k} {half[k] / n:.2f} ({n})" for k, n in gold.most_common(14))
        out.append(f"\nRecall by type, with names: {details}.")
    (ROOT / "docs" / "redaction-quality.md").write_text("\n".join(out) + "\n", "utf-8")
    return 0


HEAD = """# Redaction quality

Written by `make redaction-quality`; not edited by hand. The texts are the samples in `tests/corpora` (sources and licences there):
small, and known to the developers. Larger sets of the same kinds can be given with `make redaction-quality ARGS=FOLDER`.

recall: share of labelled spans of which at least half is covered, whatever the type; full: every letter and digit is covered;
precision: share of found spans that touch a labelled one; F2 weighs recall over precision. Organisations, titles and ages are not counted.
The stock analyzer is asked in English, with no recognisers added."""

if __name__ == "__main__":
    sys.exit(main())
