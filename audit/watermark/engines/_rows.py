"""Drawing rows of logits by key: what engines that compute whole vocabularies have in common."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audit.core.errors import UsageError
from audit.watermark.mark import MarkedSampler, nucleus

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def choose(
    sampler: MarkedSampler,
    logits: FloatArray,
    tokens: IntArray,
    *,
    temperature: float = 1.0,
    top_p: float = 1.0,
) -> int:
    """Return the sampler's choice among `tokens`; those whose logits are not finite are out.

    Raises:
        UsageError: no token is left.
    """
    kept = np.flatnonzero(np.isfinite(logits))
    if not len(kept):
        raise UsageError("no token can follow: every logit is masked")
    options = nucleus(
        logits[kept].astype(np.float64),
        temperature=temperature,
        top_p=top_p,
        top_k=0,
        tokens=tokens[kept],
    )
    return sampler.choose(options)


class Rows:
    """The samplers of a batch, one per row; a row that ended is left alone."""

    def __init__(self, samplers: Sequence[MarkedSampler], ends: frozenset[int]) -> None:
        self.samplers = tuple(samplers)
        self._ends = ends
        self._over = [False] * len(self.samplers)

    def choose(self, last: Sequence[int], scores: FloatArray) -> list[int | None]:
        """Return each row's next token, None for rows that are not drawn by key any more.

        `last` holds the token before, `scores` has the shape (rows, vocabulary).
        A row is over after a token that ends it, and when something else than
        its sampler wrote the token before, as padding does.

        Raises:
            UsageError: there are more or fewer rows than samplers, as beams make them.
        """
        if len(scores) != len(self.samplers):
            raise UsageError(
                f"{len(scores)} rows for {len(self.samplers)} samplers; beams cannot be marked"
            )
        return [self._row(number, last[number], row) for number, row in enumerate(scores)]

    def _row(self, number: int, last: int, scores: FloatArray) -> int | None:
        sampler = self.samplers[number]
        written = sampler.choices[-1].token if sampler.choices else None
        self._over[number] |= written is not None and (written in self._ends or written != last)
        if self._over[number]:
            return None
        return choose(sampler, scores, np.arange(len(scores)))
