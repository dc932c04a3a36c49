"""transformers: a watermarking configuration that draws by key (package transformers).

`generate` appends the processor of a `BaseWatermarkingConfig` after all its
warpers, so that it sees the probabilities tokens are drawn with. It leaves one
token per row; sampling then has no choice left.
"""

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

from audit.core.errors import UsageError
from audit.watermark.engines._rows import Rows
from audit.watermark.mark import MarkedSampler

try:
    _Base: Any = import_module("transformers.generation").BaseWatermarkingConfig
    _Processor: Any = import_module("transformers").LogitsProcessor
except (ImportError, AttributeError) as exc:
    raise UsageError(
        "marking in transformers needs a version with BaseWatermarkingConfig",
        hint="pip install 'transformers>=4.46' torch",
    ) from exc


class MarkingConfig(_Base):  # type: ignore[misc]
    """Give it to `generate(..., do_sample=True, watermarking_config=...)`.

    It belongs to one call: the samplers keep the choices that receipts need, and
    copies of the configuration share them. It is never written to a file, since
    samplers hold keys.
    """

    def __init__(self, samplers: Sequence[MarkedSampler], ends: frozenset[int]) -> None:
        self._rows = Rows(samplers, ends)

    def validate(self) -> None:
        """Check that there is something to draw with.

        Raises:
            ValueError: there is no sampler, as transformers expects it.
        """
        if not self._rows.samplers:
            raise ValueError("name one sampler per row")

    def construct_processor(self, _vocab_size: int, _device: Any = None) -> "MarkingProcessor":
        """Return the processor that `generate` runs last."""
        return MarkingProcessor(self._rows)

    def to_dict(self) -> dict[str, Any]:
        """Return what may be printed: nothing of the keys."""
        return {"scheme": "audit-g1", "rows": len(self._rows.samplers)}

    def to_json_string(self) -> str:
        """Return the same as text."""
        return f'{{"scheme": "audit-g1", "rows": {len(self._rows.samplers)}}}\n'

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        yield from self.to_dict().items()

    def __deepcopy__(self, _memo: object) -> "MarkingConfig":
        return self


class MarkingProcessor(_Processor):  # type: ignore[misc]
    """Leaves the chosen token of each row."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Return scores of the same shape: 0 for the chosen token, and -inf for every other."""
        last = [int(token) for token in input_ids[:, -1]]
        chosen = self._rows.choose(last, scores.detach().float().cpu().numpy())
        forced = scores.new_full(scores.shape, float("-inf"))
        for number, token in enumerate(chosen):
            if token is None:
                forced[number] = scores[number]
            else:
                forced[number, token] = 0.0
        return forced
