"""A small world for examinations: two models, their keys, a shelf, and a tokenizer of words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audit.documents import KeyRegistry, MarkProfile, RegisteredKey, Sampling
from audit.watermark import LocalRoot, ReceiptShelf, derive_epoch
from audit.watermark.examine import Examiner, Sources, Span, tokenizer_digest
from audit.watermark.issue import Issued, Issuer, Served
from audit.watermark.mark import Nucleus
from tests.unit.watermark.made import SIGNER, TRUSTED
from tests.unit.watermark.synthetic import zipf

ROOT = LocalRoot(b"a root key for tests, 32 bytes!!")
DAY = 86_400 * 10**9
START = 1_795_000_000 * 10**9
_SOUNDS = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
WORDS = [a + b + c for a in _SOUNDS for b in _SOUNDS[:20] for c in ("", "n", "s")][:3500]
_IDS = {word: number for number, word in enumerate(WORDS)}


class WordTokenizer:
    """One token per word and per other visible character; unknown words get ids of their own."""

    def encode(self, text: str) -> Sequence[int]:
        return [self._id(word) for word in re.findall(r"\w+|[^\w\s]", text)]

    @staticmethod
    def _id(word: str) -> int:
        known = _IDS.get(word)
        return len(WORDS) + hash_of(word) if known is None else known


class LetterTokenizer:
    """A foreign tokenizer: one token per character."""

    def encode(self, text: str) -> Sequence[int]:
        return [ord(char) for char in text]


def hash_of(word: str) -> int:
    value = 0
    for char in word:
        value = (value * 131 + ord(char)) % 40_000
    return value


TOKENIZER = WordTokenizer()


def line(model: str = "acme/one", epoch: str = "2026", **changes: object) -> RegisteredKey:
    digest = "sha256:" + ("1" if model == "acme/one" else "2") * 64
    values: dict[str, object] = {
        "key_id": derive_epoch(ROOT, digest, epoch).key_id,
        "epoch": epoch,
        "model_id": model,
        "model_digest": digest,
        "tokenizer_digest": tokenizer_digest(TOKENIZER),
        "profile": MarkProfile(),
        "valid_from_ns": START - DAY,
        "valid_until_ns": START + 100 * DAY,
    }
    return RegisteredKey(**(values | changes))  # type: ignore[arg-type]


@dataclass
class World:
    shelf: ReceiptShelf
    lines: tuple[RegisteredKey, ...]
    now: int = START

    @classmethod
    def make(cls, folder: Path, *lines: RegisteredKey) -> "World":
        return cls(ReceiptShelf(folder / "receipts.db"), lines or (line(), line("acme/two")))

    def issuer(self, model: str = "acme/one") -> Issuer:
        mine = next(one for one in self.lines if one.model_id == model)
        return Issuer(
            line=mine,
            keys=derive_epoch(ROOT, mine.model_digest, mine.epoch),
            signer=SIGNER,
            tokenizer=TOKENIZER,
            engine="synthetic",
            clock=self._tick,
            entropy=lambda n: (self.now // 1000).to_bytes(16)[-n:].rjust(n, b"\0"),
        )

    def answer(  # noqa: PLR0913 - a test says what it needs
        self,
        seed: int = 0,
        *,
        count: int = 300,
        bits: float = 2.5,
        model: str = "acme/one",
        keep: bool = True,
        alter=lambda text: text,
    ) -> tuple[str, Issued]:
        """Return a marked text and its receipt; `keep` puts the receipt on the shelf."""
        issuer = self.issuer(model)
        ticket = issuer.begin()
        sampler = issuer.sampler(ticket)
        rng = np.random.default_rng(seed)
        chances = zipf(bits)
        for _ in range(count):
            sampler.choose(Nucleus(rng.permutation(len(WORDS))[: len(chances)], chances))
        text = alter(" ".join(WORDS[choice.token] for choice in sampler.choices))
        issued = issuer.finish(
            ticket,
            Served(
                text=text,
                tokens=count,
                sampling=Sampling(temperature="1", top_p="1", top_k=64),
                choices=tuple(sampler.choices),
            ),
        )
        if keep:
            self.shelf.add(issued.record, lookup=issued.lookup)
        return text, issued

    def examiner(self, *, scan: bool = False, **tokenizers) -> Examiner:
        registry = KeyRegistry(keys=self.lines)
        keys = {one.key_id: derive_epoch(ROOT, one.model_digest, one.epoch) for one in self.lines}
        return Examiner(
            sources=Sources(registry, keys, self.shelf, TRUSTED),
            tokenizers=tokenizers or {tokenizer_digest(TOKENIZER): TOKENIZER},
            scan=Span(0, 2**62) if scan else None,
        )

    def _tick(self) -> int:
        self.now += 1_000_003
        return self.now


def human(seed: int, count: int = 300) -> str:
    """Return words nobody marked, skewed as words are."""
    rng = np.random.default_rng(10_000 + seed)
    return " ".join(WORDS[min(len(WORDS), int(rank)) - 1] for rank in rng.zipf(1.3, count))
