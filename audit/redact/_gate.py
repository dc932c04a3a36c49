"""Which shapes a text may hold: one pass, with the quickest engine that is installed.

The engines only choose which patterns are searched. The patterns themselves are
the same, so the spans are the same; without hyperscan and RE2 a text takes
longer, and nothing more.
"""

import importlib
import re
import threading
from collections.abc import Callable, Sequence
from typing import Any, Literal

from audit.core.errors import ExtraMissing
from audit.redact.shapes import Shape

Engine = Literal["auto", "hyperscan", "re2", "re"]
Gate = Callable[[str], Sequence[int]]


def open_gate(shapes: Sequence[Shape], engine: Engine = "auto") -> tuple[str, Gate]:
    """Return the name of an engine and a function from a text to the shapes it may hold.

    Raises:
        ExtraMissing: `engine` is named but not installed.
    """
    builders = {"hyperscan": _hyperscan, "re2": _re2, "re": _plain}
    for name in ["hyperscan", "re"] if engine == "auto" else [engine]:
        try:
            return name, builders[name](shapes)
        except ImportError as exc:
            if engine != "auto":
                raise ExtraMissing(f"the {name} engine", extra="redact") from exc
    raise ExtraMissing(f"the {engine} engine", extra="redact")


_RAREST = "zqxjkvbpygfwmucldrhsnioate .\n"
"""Characters of ordinary text, the rarest first; any other character is rarer."""


def _plain(shapes: Sequence[Shape]) -> Gate:
    """Look for the hints, and only for those whose rarest character is in the text."""
    exact: Table = {}
    folded: Table = {}
    searched = []
    for index, shape in enumerate(shapes):
        for hint in shape.hints:
            table = folded if shape.gate.startswith("(?i)") else exact
            rarest = min(hint, key=_RAREST.find)
            table.setdefault(rarest, []).append((index, hint))
        if not shape.hints:
            question = shape.may or re.compile(shape.gate).search
            searched.append((index, question, frozenset(shape.needs)))
    needs = [(i, frozenset(s.needs)) for i, s in enumerate(shapes) if s.needs]

    def gate(text: str) -> list[int]:
        present = set(text)
        low = text.lower()
        without = {i for i, chars in needs if chars.isdisjoint(present)}
        found = set(without)  # not asked for
        _hinted(exact, present, text, found)
        _hinted(folded, present if low == text else set(low), low, found)
        found -= without
        for index, question, chars in searched:
            if not (chars and chars.isdisjoint(present)) and question(text):
                found.add(index)
        return sorted(found)

    return gate


Table = dict[str, list[tuple[int, str]]]


def _hinted(table: Table, present: set[str], text: str, found: set[int]) -> None:
    """Add the shapes that have a hint in `text`."""
    for char in present & table.keys():
        for index, hint in table[char]:
            if index not in found and (len(hint) == 1 or hint in text):
                found.add(index)


def _hyperscan(shapes: Sequence[Shape]) -> Gate:
    hs: Any = importlib.import_module("hyperscan")
    database = hs.Database(mode=hs.HS_MODE_BLOCK)
    flags = [hs.HS_FLAG_SINGLEMATCH | hs.HS_FLAG_UTF8 | hs.HS_FLAG_UCP] * len(shapes)
    for index, shape in enumerate(shapes):
        if shape.gate.startswith("(?i)"):
            flags[index] |= hs.HS_FLAG_CASELESS
    database.compile(
        expressions=[shape.gate.removeprefix("(?i)").encode() for shape in shapes],
        ids=list(range(len(shapes))),
        flags=flags,
    )
    local = threading.local()

    def gate(text: str) -> list[int]:
        found: list[int] = []
        if not hasattr(local, "scratch"):
            local.scratch = hs.Scratch(database)
        add = found.append

        def on_match(index: int, *_: object) -> None:
            add(index)

        database.scan(
            text.encode("utf-8", "replace"), match_event_handler=on_match, scratch=local.scratch
        )
        found.sort()
        return found

    return gate


def _re2(shapes: Sequence[Shape]) -> Gate:
    re2: Any = importlib.import_module("re2")
    patterns = re2.Set.SearchSet()
    for shape in shapes:
        patterns.Add(shape.gate)
    patterns.Compile()

    def gate(text: str) -> list[int]:
        return sorted(patterns.Match(text.encode("utf-8", "replace").decode()) or ())

    return gate
