"""vLLM: a logits processor for Model Runner V2 (entry point `vllm.logits_processors`).

A request carries `vllm_xargs` with `audit_key`, an engine key's id, and
`audit_tag`, the receipt's payload; the gateway puts both in and strips what
clients send. `AUDIT_ENGINE_KEYS` names the folder with the engine keys.

The processor runs before temperature and truncation, so it does both itself
and leaves one token. It draws from the best `MOST` tokens at most.

Trust: the worker holds pilot and payload keys of its epochs, so it can mark
under any tag; it holds neither the root nor the receipt key.
"""

import math
import os
import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from audit.core.errors import ConfigError
from audit.watermark._engine_keys import EngineKeys
from audit.watermark.engines._rows import choose
from audit.watermark.mark import MarkedSampler, Streams

FOLDER = "AUDIT_ENGINE_KEYS"
MOST = 1024
_GREEDY = 1e-5  # vLLM takes temperatures below this as greedy
_TAG, _KEY = re.compile(r"([0-9a-f]{2}){1,16}"), re.compile(r"[0-9a-f]{16}")
_Base: Any = import_module("vllm.v1.worker.gpu.sample.logits_processor").LogitsProcessor


@dataclass(slots=True)
class _Slot:
    """One request in the batch."""

    streams: Streams
    sampler: MarkedSampler
    temperature: float
    top_p: float
    top_k: int
    min_p: float


class MarkProcessor(_Base):  # type: ignore[misc]
    """Marks the requests that carry a key id and a tag; all others are left as they are."""

    def __init__(self, vllm_config: Any, req_states: Any) -> None:
        """Keep the token history, which is read and never written.

        Raises:
            ConfigError: `AUDIT_ENGINE_KEYS` names no folder.
        """
        super().__init__(vllm_config, req_states)
        folder = os.environ.get(FOLDER)
        if not folder or not Path(folder).is_dir():
            raise ConfigError(f"{FOLDER} names no folder with engine keys")
        self._keys = EngineKeys(Path(folder))
        self._states = req_states
        self._slots: dict[int, _Slot] = {}

    @classmethod
    def validate_params(cls, sampling_params: Any) -> None:
        """Check a request at its admission.

        Raises:
            ValueError: a key id without a tag, or one of them in another form.
        """
        _wanted(sampling_params)

    def is_argmax_invariant(self) -> bool:
        """Whether greedy choices stay the same; forced tokens do not."""
        return False

    def add_request(self, req_idx: int, sampling_params: Any) -> bool:
        """Take a request into a slot; return whether it is marked."""
        self._slots.pop(req_idx, None)
        wanted = _wanted(sampling_params)
        if wanted is None or sampling_params.temperature < _GREEDY:
            return False
        key_id, tag = wanted
        streams = self._keys.streams(key_id)
        self._slots[req_idx] = _Slot(
            streams=streams,
            sampler=MarkedSampler(streams, tag),
            temperature=float(sampling_params.temperature),
            top_p=float(sampling_params.top_p),
            top_k=max(0, int(sampling_params.top_k)),
            min_p=float(sampling_params.min_p),
        )
        return True

    def apply(self, logits: Any, ctx: Any) -> Any:
        """Leave one token in the first row of each marked request.

        The rows after it hold drafts of speculative decoding; they are drawn
        without a key.
        """
        places = zip(
            ctx.expanded_idx_mapping.tolist(), ctx.expanded_local_pos.tolist(), strict=True
        )
        for row, (index, offset) in enumerate(places):
            slot = self._slots.get(index)
            if slot is not None and offset == 0:
                self._force(logits[row], index, slot)
        return logits

    def _force(self, logits: Any, index: int, slot: _Slot) -> None:
        written = self._written(index)
        if [choice.token for choice in slot.sampler.choices] != written:
            slot.sampler.resume(written)  # a draft was taken, or the request came back
        values, tokens = logits.topk(min(slot.top_k or MOST, MOST, logits.shape[0]))
        scores = values.detach().float().cpu().numpy().astype(np.float64)
        if slot.min_p > 0:
            least = scores.max() + slot.temperature * math.log(slot.min_p)
            scores = np.where(scores >= least, scores, -np.inf)
        token = choose(
            slot.sampler,
            scores,
            tokens.cpu().numpy().astype(np.int64),
            temperature=slot.temperature,
            top_p=slot.top_p,
        )
        logits.fill_(float("-inf"))
        logits[token] = 0.0

    def _written(self, index: int) -> list[int]:
        """Return the tokens of the response so far."""
        start, end = int(self._states.prompt_len.np[index]), int(self._states.total_len.gpu[index])
        tokens: list[int] = self._states.all_token_ids.gpu[index, start:end].tolist()
        return tokens


def _wanted(sampling_params: Any) -> tuple[str, bytes] | None:
    extra = getattr(sampling_params, "extra_args", None) or {}
    key_id, tag = extra.get("audit_key"), extra.get("audit_tag")
    if key_id is None and tag is None:
        return None
    if not isinstance(key_id, str) or not _KEY.fullmatch(key_id):
        raise ValueError("audit_key is not the id of an engine key")
    if not isinstance(tag, str) or not _TAG.fullmatch(tag):
        raise ValueError("audit_tag is not a tag in hex")
    return key_id, bytes.fromhex(tag)
