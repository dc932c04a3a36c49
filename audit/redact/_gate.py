"""Which shapes a text may hold: one pass, with the quickest engine that is installed.

The engines only choose which patterns are searched. The patterns themselves are
the same, so the spans are the same; without hyperscan and RE2 a text takes
longer, and nothing more.
"""

import functools
import importlib
import re
import threading
from collections.abc import Callable, Iterable, Sequence
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
    for name in ["hyperscan", "re2", "re"] if engine == "auto" else [engine]:
        try:
            gate = _by_length(shapes) if (engine, name) == ("auto", "hyperscan") else None
            return name, gate or builders[name](shapes)
        except ImportError as exc:
            if engine != "auto":
                raise ExtraMissing(f"the {name} engine", extra="redact") from exc
    raise ExtraMissing(f"the {engine} engine", extra="redact")


_SHORT = 1000
"""Characters below which RE2 is asked first: it answers a short text in half the time."""


def _by_length(shapes: Sequence[Shape]) -> Gate | None:
    """Return a gate of RE2 for short texts and hyperscan, made when first needed, for long ones.

    Without RE2 there is none.
    """
    importlib.import_module("hyperscan")
    try:
        short = _re2(shapes)
    except ImportError:
        return None
    made: list[Gate] = []

    def gate(text: str) -> Sequence[int]:
        if len(text) < _SHORT:
            return short(text)
        if not made:
            made.append(_hyperscan(shapes))
        return made[0](text)

    return gate


_RAREST = "zqxjkvbpygfwmucldrhsnioate .\n"
"""Characters of ordinary text, the rarest first; any other character is rarer."""


def _plain(shapes: Sequence[Shape]) -> Gate:
    """Look for one of a shape's hints, each only where its rarest character is in the text."""
    classes = list({shape.needs for shape in shapes if shape.needs})
    groups: dict[str, list[_Hinted]] = {needs: [] for needs in ["", *classes]}
    asked: dict[str, list[tuple[int, Callable[[str], object]]]] = {needs: [] for needs in groups}
    for index, shape in enumerate(shapes):
        if not shape.hints:
            asked[shape.needs].append((index, shape.may or re.compile(shape.gate).search))
            continue
        by_char: dict[str, list[str]] = {}
        for hint in dict.fromkeys(shape.hints):
            by_char.setdefault(min(hint, key=_RAREST.find), []).append(hint)
        hints = tuple((char, tuple(words)) for char, words in by_char.items())
        groups[shape.needs].append((index, shape.gate.startswith("(?i)"), hints))

    def gate(text: str) -> list[int]:
        low = text.lower()
        found: list[int] = []
        for needs, group in groups.items():
            if needs and not _holds(text, needs):
                continue
            for index, is_folded, hints in group:
                where = low if is_folded else text
                for char, words in hints:
                    if char in where and (char in words or _holds(where, words)):
                        found.append(index)
                        break
            found.extend(index for index, question in asked[needs] if question(text))
        found.sort()
        return found

    return gate


_Hinted = tuple[int, bool, tuple[tuple[str, tuple[str, ...]], ...]]
"""A shape's number, whether case counts not, and its hints by their rarest character."""


def _holds(text: str, parts: Iterable[str]) -> bool:
    for part in parts:  # noqa: SIM110  a generator takes three times as long
        if part in text:
            return True
    return False


@functools.lru_cache(maxsize=8)
def _database(gates: tuple[str, ...]) -> Any:
    """Return a compiled database, which takes a tenth of a second to make and may be shared."""
    hs: Any = importlib.import_module("hyperscan")
    database = hs.Database(mode=hs.HS_MODE_BLOCK)
    flags = [hs.HS_FLAG_SINGLEMATCH | hs.HS_FLAG_UTF8 | hs.HS_FLAG_UCP] * len(gates)
    for index, gate in enumerate(gates):
        if gate.startswith("(?i)"):
            flags[index] |= hs.HS_FLAG_CASELESS
    database.compile(
        expressions=[gate.removeprefix("(?i)").encode() for gate in gates],
        ids=list(range(len(gates))),
        flags=flags,
    )
    return database


def _hyperscan(shapes: Sequence[Shape]) -> Gate:
    hs: Any = importlib.import_module("hyperscan")
    database = _database(tuple(shape.gate for shape in shapes))
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
    options = re2.Options()
    options.max_mem = 64 << 20  # with less its automaton is thrown away and made again all the time
    patterns = re2.Set.SearchSet(options)
    for shape in shapes:
        patterns.Add(shape.gate)
    patterns.Compile()

    def gate(text: str) -> list[int]:
        return sorted(patterns.Match(text.encode("utf-8", "replace").decode()) or ())

    return gate
