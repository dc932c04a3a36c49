"""Write docs/watermark-quality.md."""

import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

from audit.watermark.engines import Limits, serve_gguf
from examples.demo import find_model
from tools.quality._measure import (
    Row,
    human_verdicts,
    nulls,
    orphans,
    repetition,
    round_trip,
    rows,
)
from tools.quality._synonyms import synonym_rows
from tools.quality._write import Answer, Writer

PAGE = Path(__file__).parents[2] / "docs" / "watermark-quality.md"
LANGUAGES = {"en": "English", "zh": "Chinese"}
LIMITS = Limits(temperature=0.8, top_p=0.95, top_k=400, max_tokens=220)
PER_PROMPT = 3
NULLS = 2000


def main() -> int:
    with serve_gguf(find_model()) as server:
        writer = Writer(server, LIMITS)
        parts, unmarked = [head()], {}
        for language, name in LANGUAGES.items():
            marked, plain = write(writer, language)
            parts.append(section(writer, name, marked, plain))
            unmarked[name] = plain
        parts.append(synonym_rows(unmarked))
    PAGE.write_text("\n".join(parts), encoding="utf-8")
    print(f"written: {PAGE.name}")
    return 0


def write(writer: Writer, language: str) -> tuple[list[Answer], list[Answer]]:
    marked, plain = [], []
    for number, prompt in enumerate(writer.prompts(language)):
        for again in range(PER_PROMPT):
            marked.append(writer.marked(prompt))
            plain.append(writer.plain(prompt, 100 * number + again))
        print(f"{language} prompt {number + 1}", file=sys.stderr, flush=True)
    return marked, plain


def head() -> str:
    return f"""# What the mark achieves, measured

Written by `make watermark-quality` on {time.strftime("%Y-%m-%d", time.gmtime())}: SmolLM2-135M-Instruct (Q4_1) in xllamacpp {version("xllamacpp")},
one thread, load {os.getloadavg()[0]:.1f}, temperature {LIMITS.temperature:g}, top-p {LIMITS.top_p:g}, top-k {LIMITS.top_k}, at most {LIMITS.max_tokens} tokens, profile audit-g1 with the defaults.
Each run draws new keys and new texts, so figures move within their sample sizes. The mark is no proof of
authorship; [limitations.md](limitations.md) says what it cannot do.

* *key alone*: presence by the pilot at 1e-6, without any receipt
* *with receipts*: presence at 1e-6 when all receipts are on the shelf
* *named*: exactly the right receipt is tied to the text
* words are edited in English, characters in Chinese; the model's Chinese is poor, which its tokens do not mind
"""


def section(writer: Writer, name: str, marked: Sequence[Answer], plain: Sequence[Answer]) -> str:
    entropy = float(np.mean([answer.entropy for answer in marked]))
    tokens = float(np.mean([answer.tokens for answer in marked]))
    keys = -(-NULLS // len(plain))
    marked_rep, marked_len = repetition(marked)
    plain_rep, plain_len = repetition(plain)
    coverage = Counter(
        answer.issued.receipt.coverage.value for answer in marked if answer.issued is not None
    )
    lines = [
        f"## {name}",
        "",
        f"{len(marked)} marked texts, {tokens:.0f} tokens and {entropy:.2f} bit per token on average; "
        f"{len(plain)} unmarked ones of the same prompts. Coverage: {counted(coverage)}.",
        f"Of the keyed contexts {round_trip(writer, marked):.0%} are found again in the printed text.",
        "",
        "| attack | n | key alone | with receipts | named | verdicts |",
        "|---|---|---|---|---|---|",
        *[table_row(row) for row in rows(writer, marked, plain)],
        "",
        f"Unmarked texts, all receipts on the shelf (n = {len(plain)}): "
        f"{counted(human_verdicts(writer, marked, plain))}.",
        "",
        f"Marked texts without their own receipt, others of the same prompt on the shelf "
        f"(n = {len(marked)}): {counted(orphans(writer, marked))}.",
        "",
        "| promised | found | tests |",
        "|---|---|---|",
        *[
            f"| {level:g} | {hits / tests:.4f} | {tests} |"
            for level, (hits, tests) in nulls(writer, plain, keys).items()
        ],
        "",
        f"Repeated 4-grams: {marked_rep:.3f} marked, {plain_rep:.3f} unmarked; "
        f"tokens per text: {marked_len:.0f} marked, {plain_len:.0f} unmarked (n = {len(marked)} each).",
        "",
    ]
    return "\n".join(lines)


def table_row(row: Row) -> str:
    return (
        f"| {row.attack} | {row.texts} | {row.key_alone:.2f} | {row.with_receipt:.2f} | "
        f"{row.named:.2f} | {counted(row.verdicts)} |"
    )


def counted(counts: Counter[str]) -> str:
    return "; ".join(f"{name} {count}" for name, count in counts.most_common())


if __name__ == "__main__":
    sys.exit(main())
