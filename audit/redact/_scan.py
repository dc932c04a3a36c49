"""The scan of one text: written form, shapes, digits, layers, overlaps."""

import hashlib
import re
import time
from collections.abc import Callable, Sequence

from audit.redact import _digits as digits
from audit.redact._gate import Engine, open_gate
from audit.redact._labels import SHAPE as LABELLED
from audit.redact._layers import GATE, View, may_hold, views
from audit.redact._normal import normalise
from audit.redact._overlap import resolve
from audit.redact._types import Span
from audit.redact.kinds import RULES
from audit.redact.shapes import SHAPES, Shape


class BudgetSpent(Exception):  # noqa: N818
    """A scan took longer than its budget; the text is not to be passed on."""


class Deadline:
    """A moment on the process clock after which a scan stops."""

    __slots__ = ("_at", "_clock")

    def __init__(self, seconds: float, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._at = clock() + seconds

    def check(self) -> None:
        """Go on, or stop.

        Raises:
            BudgetSpent: the moment is past.
        """
        if self._clock() > self._at:
            raise BudgetSpent


_DIGITS = Shape(
    "digits", digits.CLUSTER, tuple("0123456789"), "[0-9]", scan=digits.scan, needs="0123456789"
)
_LAYERS = Shape("layers", re.compile(GATE), (), GATE, scan=lambda text, emit: None, may=may_hold)  # noqa: ARG005


class Scanner:
    """Finds identifiers and secrets. Holds no text; safe to share between threads."""

    def __init__(self, engine: Engine = "auto", extra: Sequence[Shape] = ()) -> None:
        self._shapes = (_LAYERS, _DIGITS, *SHAPES, LABELLED, *extra)
        self.engine, self._gate = open_gate(self._shapes, engine)
        self.digest = recogniser_digest(self._shapes)

    def scan(self, text: str, deadline: Deadline) -> tuple[list[Span], tuple[str, ...]]:
        """Return the spans of `text`, in order and without overlaps, and the layers opened.

        Raises:
            BudgetSpent: `deadline` passed before the text was scanned whole.
        """
        found: list[Span] = []
        layers: list[str] = []
        if self._one(text, found, deadline):
            for view in views(text):
                if view.layer not in layers:
                    layers.append(view.layer)
                inner: list[Span] = []
                self._one(view.text, inner, deadline)
                found.extend(_outside(view, inner, len(text)))
        return (resolve(found) if len(found) > 1 else found), tuple(layers)

    def _one(self, text: str, found: list[Span], deadline: Deadline) -> bool:
        """Add the spans of `text` as it is written; whether it may hold encoded text."""
        normal = normalise(text)
        emit = found.append
        present = self._gate(normal.text)
        for index in present:
            self._shapes[index].find(normal.text, emit)
            deadline.check()
        if normal.origin is not None:
            found[:] = [Span(*normal.span(s, e), kind, score) for s, e, kind, score in found]
        return 0 in present


def _outside(view: View, spans: list[Span], length: int) -> list[Span]:
    """Return spans of a view where they were written; a key without its end goes to the end."""
    return [
        Span(start, length if kind == "PRIVATE_KEY" and e == len(view.text) else end, kind, score)
        for s, e, kind, score in spans
        for start, end in [view.place(s, e)]
    ]


def recogniser_digest(shapes: Sequence[Shape]) -> str:
    """Return the digest that names a recogniser set: every row's type, form and pattern."""
    hasher = hashlib.sha256()
    for rule in RULES:
        hasher.update(
            f"{rule.type}\0{rule.forms}\0{rule.alone}\0{sorted(rule.topic.words)}\n".encode()
        )
    for shape in shapes:
        hasher.update(f"{shape.type}\0{shape.pattern.pattern}\0{shape.score}\n".encode())
    return "sha256:" + hasher.hexdigest()
