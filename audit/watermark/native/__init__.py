"""The marks engines make by themselves, found again without their libraries.

* `native_presence`: vLLM's and SGLang's Gumbel marks, with exact p-values
* `green_list_mark`, `tournament_mark`: older marks, verified and never made
* `read_foreign`: transformers' configuration of one of them
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from audit.documents import MarkProfile, Scheme
from audit.watermark.mark import Presence, windowed
from audit.watermark.native import _sglang, _vllm
from audit.watermark.native._config import Foreign, foreign_mark, read_foreign
from audit.watermark.native._kgw import ForeignMark, GreenList, green_list_mark
from audit.watermark.native._synthid import Tournament, tournament_mark

IntArray = NDArray[np.int64]
Numbers = Callable[[int, IntArray, IntArray], NDArray[np.float64]]

ENGINES: Mapping[Scheme, Numbers] = {
    Scheme.VLLM_GUMBEL: _vllm.numbers,
    Scheme.SGLANG_GUMBEL: _sglang.numbers,
}
"""The PRF of each native scheme."""


def native_presence(tokens: IntArray, profile: MarkProfile, key: int) -> Presence:
    """Test a text for an engine's own mark under its 64-bit key.

    Contexts that reach before the text are left out, since a pasted text need
    not begin where the response did.
    """
    width = profile.context
    if len(tokens) <= width:
        return windowed(np.array([], dtype=np.int64), np.array([]))
    contexts = np.lib.stride_tricks.sliding_window_view(tokens, width)[:-1]
    first = np.sort(np.unique(contexts, axis=0, return_index=True)[1])
    numbers = ENGINES[profile.scheme](key, contexts[first], tokens[width:][first])
    return windowed(first + width, -np.log1p(-numbers))


__all__ = [
    "ENGINES",
    "Foreign",
    "ForeignMark",
    "GreenList",
    "Numbers",
    "Tournament",
    "foreign_mark",
    "green_list_mark",
    "native_presence",
    "read_foreign",
    "tournament_mark",
]
