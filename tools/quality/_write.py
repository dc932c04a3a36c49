"""Texts of SmolLM2, marked and not, with the receipts of the marked ones."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.documents import KeyRegistry, MarkProfile, RegisteredKey, Sampling
from audit.watermark import LocalRoot, LocalSigner, derive_epoch
from audit.watermark.engines import Limits, LlamaServer, generate
from audit.watermark.examine import tokenizer_digest
from audit.watermark.issue import Issued, Issuer, Served
from audit.watermark.mark import Nucleus

ENGLISH = (
    "Tell me about the sea and the people who live by it.",
    "Write a short story about a lighthouse keeper.",
    "Explain how bread is made, step by step.",
    "Describe a walk through an old town in winter.",
    "Write a letter to a friend about a long train journey.",
    "Give advice to someone who starts to learn the violin.",
    "Write an essay about the value of patience.",
    "How do bees organise their work?",
    "What makes a good teacher?",
    "Write a travel guide for an imaginary island.",
    "Explain why the sky is blue and sunsets are red.",
    "Describe a market in a hot country.",
)
CHINESE = (
    "春天的公园里，",
    "关于城市的历史，",
    "学习一门新的语言需要",
    "今天早上，我和朋友",
    "大海的声音让人",
    "做饭的时候，首先要",
    "这本书讲述了一个",
    "科学家们发现，",
)
MODEL = "sha256:" + "0" * 64
_KEEP = 100 * 365 * 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class Answer:
    """A text, and its receipt when it is marked."""

    text: str
    tokens: int
    entropy: float
    issued: Issued | None


@dataclass(slots=True)
class PlainSampler:
    """Draws as the model says, without a key: what marked texts are compared with."""

    random: np.random.Generator
    entropies: list[float]

    def choose(self, options: Nucleus) -> int:
        self.entropies.append(options.entropy)
        at = int(np.searchsorted(np.cumsum(options.probabilities), self.random.random()))
        return int(options.tokens[min(at, len(options.tokens) - 1)])


class Writer:
    """Writes answers with one model under one key."""

    def __init__(self, server: LlamaServer, limits: Limits) -> None:
        self.server, self.limits = server, limits
        root = LocalRoot(secrets.token_bytes(32))
        self.signer = LocalSigner(Ed25519PrivateKey.generate())
        self.keys = derive_epoch(root, MODEL, "quality")
        self.line = RegisteredKey(
            key_id=self.keys.key_id,
            epoch="quality",
            model_id="smollm2-135m-instruct",
            model_digest=MODEL,
            tokenizer_digest=tokenizer_digest(server),
            profile=MarkProfile(),
            valid_from_ns=0,
            valid_until_ns=_KEEP,
        )
        self.registry = KeyRegistry(keys=(self.line,))

    def marked(self, prompt: Sequence[int]) -> Answer:
        issuer = Issuer(self.line, self.keys, self.signer, self.server, "llama.cpp")
        ticket = issuer.begin()
        sampler = issuer.sampler(ticket)
        text = self._text(generate(self.server, prompt, sampler, self.limits))
        served = Served(
            text=text,
            tokens=len(sampler.choices),
            sampling=Sampling(
                temperature=f"{self.limits.temperature:g}",
                top_p=f"{self.limits.top_p:g}",
                top_k=self.limits.top_k,
            ),
            choices=tuple(sampler.choices),
        )
        entropy = float(np.mean([choice.entropy for choice in sampler.choices]))
        return Answer(text, len(sampler.choices), entropy, issuer.finish(ticket, served))

    def plain(self, prompt: Sequence[int], seed: int) -> Answer:
        sampler = PlainSampler(np.random.default_rng(seed), [])
        text = self._text(generate(self.server, prompt, sampler, self.limits))
        return Answer(text, len(sampler.entropies), float(np.mean(sampler.entropies)), None)

    def prompts(self, language: str) -> list[list[int]]:
        """Return what is continued: questions in English, beginnings of sentences in Chinese.

        The model does not follow Chinese instructions; it continues Chinese text.
        """
        if language == "en":
            return [self.server.prompt([{"role": "user", "content": q}]) for q in ENGLISH]
        return [list(self.server.encode(beginning)) for beginning in CHINESE]

    @staticmethod
    def _text(pieces: Iterator[bytes]) -> str:
        return b"".join(pieces).decode("utf-8", "ignore")
