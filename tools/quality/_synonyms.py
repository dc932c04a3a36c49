"""How weak the synonym shift is: on the unmarked texts, under keys of their own."""

import secrets
from collections.abc import Mapping, Sequence

import numpy as np

from audit.watermark.synonyms import CHINESE, ENGLISH, agreement, shift
from tools.quality._attacks import attacks, units
from tools.quality._write import Answer

ATTACKS = ("none", "delete 30%", "substitute 30%")
CLEAR = -3.0


def synonym_rows(texts: Mapping[str, Sequence[Answer]]) -> str:
    """Return the section of the page; `texts` are unmarked answers by language."""
    lines = [
        "## Synonym shift",
        "",
        f"{len(ENGLISH)} English and {len(CHINESE)} Chinese pairs, on the unmarked texts above, each under a key of its own.",
        "Pairs and changes per hundred words in English, per hundred characters in Chinese. *clear* is the share of texts",
        "whose p-value is at most 1e-3 for a reader who has the receipt; nothing is said below that.",
        "",
        "| texts | n | pairs per 100 | changed per 100 | attack | median log10 p | clear |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, answers in texts.items():
        lines += _rows(name, [answer.text for answer in answers])
    whole = {name: "\n\n".join(answer.text for answer in found) for name, found in texts.items()}
    lines += ["", *[_whole(name, text) for name, text in whole.items()], ""]
    return "\n".join(lines)


def _rows(name: str, texts: Sequence[str]) -> list[str]:
    pool = [unit for text in texts for unit in units(text)]
    size = sum(len(units(text)) for text in texts)
    keys = [secrets.token_bytes(32) for _ in texts]
    shifted = [shift(text, key) for text, key in zip(texts, keys, strict=True)]
    pairs = sum(agreement(one.text, key).pairs for one, key in zip(shifted, keys, strict=True))
    changed = sum(one.changed for one in shifted)
    made = attacks(pool, "")
    lines = []
    for attack in ATTACKS:
        found = [
            agreement(made[attack](one.text), key).log10_p
            for one, key in zip(shifted, keys, strict=True)
        ]
        lines.append(
            f"| {name} | {len(texts)} | {100 * pairs / size:.1f} | {100 * changed / size:.1f} | "
            f"{attack} | {np.median(found):.1f} | {np.mean(np.array(found) <= CLEAR):.2f} |"
        )
    return lines


def _whole(name: str, text: str) -> str:
    key = secrets.token_bytes(32)
    found = agreement(shift(text, key).text, key)
    return (
        f"All {name} texts as one under one key ({len(units(text))} units): {found.pairs} pairs, "
        f"log10 p {found.log10_p:.1f}."
    )
