"""The marked sampler: chooses each token by key, with the model's own probabilities.

Gumbel-max (Aaronson 2022): of the tokens that survive top-k and top-p, take the
one with the greatest ln(u) / p. Over random keys a token is chosen exactly with
its probability, so one response cannot be told from an unmarked one.

Only surviving tokens can be chosen, so only their numbers are computed: the
cost does not depend on the size of the vocabulary.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audit.watermark.mark._g1 import Streams, pack

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Nucleus:
    """The tokens that can follow, most probable first, and their probabilities (sum 1)."""

    tokens: IntArray
    probabilities: FloatArray

    @property
    def entropy(self) -> float:
        """The entropy in bits."""
        return float(-(self.probabilities * np.log2(self.probabilities)).sum())


def nucleus(
    logits: FloatArray, *, temperature: float, top_p: float, top_k: int, tokens: IntArray | None
) -> Nucleus:
    """Return the tokens that survive `top_k` (0: no limit), then `top_p`, after `temperature`.

    `logits` (or natural log-probabilities) are of `tokens`, or of the whole
    vocabulary in order when that is None.
    """
    limit = min(top_k or len(logits), len(logits))
    kept = np.argpartition(logits, -limit)[-limit:] if limit < len(logits) else None
    scores = np.asarray(logits if kept is None else logits[kept], dtype=np.float64) / temperature
    order = np.argsort(-scores, kind="stable")
    weights = np.exp(scores[order] - scores[order[0]])
    cumulated = np.cumsum(weights)
    size = int(np.searchsorted(cumulated, top_p * cumulated[-1])) + 1
    size = min(size, int(np.count_nonzero(weights)))  # exp() of a far tail is 0
    places = order[:size] if kept is None else kept[order[:size]]
    chosen = places if tokens is None else tokens[places]
    return Nucleus(chosen.astype(np.int64), weights[:size] / cumulated[size - 1])


@dataclass(frozen=True, slots=True)
class Choice:
    """One chosen token, with its probability and whether a key chose it."""

    token: int
    probability: float
    entropy: float
    keyed: bool


@dataclass(slots=True)
class MarkedSampler:
    """Chooses the tokens of one response; keeps which contexts it has used.

    A context that comes again in the same response is drawn without a key:
    else a repeated phrase would be repeated for ever.
    """

    streams: Streams
    tag: bytes
    random: np.random.Generator = field(default_factory=np.random.default_rng)
    choices: list[Choice] = field(default_factory=list)
    _recent: deque[int] = field(init=False)
    _used: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        if len(self.tag) != self.streams.profile.symbols:
            raise ValueError(f"a tag of {len(self.tag)} bytes for another profile")
        self._recent = deque(maxlen=self.streams.profile.context)

    def choose(self, options: Nucleus) -> int:
        """Return the next token and remember it."""
        context = self._context()
        if context is None:
            at = _draw(options.probabilities, self.random.random())
        else:
            slot = self.streams.slot(context)
            numbers = self.streams.numbers(slot, options.tokens, self.tag)
            at = int(np.argmax(np.log(numbers) / options.probabilities))
        token = int(options.tokens[at])
        chance = float(options.probabilities[at])
        self.choices.append(Choice(token, chance, options.entropy, context is not None))
        self._recent.append(token)
        return token

    def resume(self, tokens: Sequence[int]) -> None:
        """Go on after `tokens`, which the response holds already, whoever drew them.

        Their contexts count as used. What is known of their choices is lost.
        """
        width = self.streams.profile.context
        data, word = pack(np.array(tokens, dtype=np.int64)), 4
        self._used = {data[(at - width) * word : at * word] for at in range(width, len(tokens))}
        self.choices = [Choice(int(token), 1.0, 0.0, keyed=False) for token in tokens]
        self._recent.clear()
        self._recent.extend(int(token) for token in tokens[-width:])

    def _context(self) -> bytes | None:
        """Return the context that keys the next choice; None when there is none to use."""
        if len(self._recent) < self.streams.profile.context:
            return None
        context = pack(np.array(self._recent, dtype=np.int64))
        if context in self._used:
            return None
        self._used.add(context)
        return context


def _draw(probabilities: FloatArray, number: float) -> int:
    at = int(np.searchsorted(np.cumsum(probabilities), number, side="right"))
    return min(at, len(probabilities) - 1)  # the sum may end just below 1
