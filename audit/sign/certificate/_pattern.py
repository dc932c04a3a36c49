r"""Patterns for identities: regular expressions that take time in proportion to the name.

Whoever attaches a signature chooses the name that a pattern is matched with, so
nothing is tried twice: all ways through the pattern are followed at once
(Thompson, 1968). That leaves out what cannot be matched so: references back,
looking ahead or behind, flags.

Read are literals, `.`, `[...]`, `\d \w \s` and their capitals, `|`, groups and
`* + ? {m} {m,} {m,n}`. The whole name is matched; `^` in front and `$` behind
say nothing more.
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass

MAX_PATTERN = 1000
MAX_DEPTH = 20
MAX_STEPS = 1000
"""Longest program a pattern may become; counted repeats are written out."""
_SPECIAL = frozenset(".[]()|*+?{}^$\\")
_DIGIT, _SPACE = ((48, 57),), ((9, 13), (32, 32))
_WORD = ((48, 57), (65, 90), (95, 95), (97, 122))
_CLASSES = {"d": _DIGIT, "s": _SPACE, "w": _WORD}
_LAST = 0x10FFFF

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Take:
    """One character out of some ranges."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class _All:
    items: tuple["_Node", ...]


@dataclass(frozen=True, slots=True)
class _Any:
    items: tuple["_Node", ...]


@dataclass(frozen=True, slots=True)
class _Repeat:
    item: "_Node"
    least: int
    most: int | None


_Node = _Take | _All | _Any | _Repeat


@dataclass(frozen=True, slots=True)
class Pattern:
    """A program: at each step the ranges to take and where to go on, or None for the end."""

    takes: tuple[Ranges | None, ...]
    after: tuple[tuple[int, ...], ...]
    """The steps to be at once a step has taken its character."""
    first: tuple[int, ...]

    def matches(self, name: str) -> bool:
        """Whether the whole of `name` is what the pattern describes."""
        at: frozenset[int] = frozenset(self.first)
        for letter in map(ord, name):
            at = frozenset(
                following
                for step in at
                if _holds(self.takes[step], letter)
                for following in self.after[step]
            )
            if not at:
                return False
        return any(self.takes[step] is None for step in at)


def _holds(ranges: Ranges | None, letter: int) -> bool:
    return ranges is not None and any(low <= letter <= high for low, high in ranges)


@functools.lru_cache(maxsize=64)
def compile_pattern(text: str) -> Pattern:
    """Return the pattern that `text` writes.

    Raises:
        ValueError: it is malformed, too large, or uses what is not read.
    """
    if len(text) > MAX_PATTERN:
        raise ValueError(f"the pattern is longer than {MAX_PATTERN} characters")
    reader = _Reader(text)
    node = reader.alternatives(0)
    if reader.left:
        raise ValueError(f"the pattern has {reader.left[:1]!r} where it cannot stand")
    if _size(node) > MAX_STEPS:
        raise ValueError(f"the pattern has more than {MAX_STEPS} steps when it is written out")
    program = _Program()
    first = program.add(node, (0,))
    return Pattern(tuple(program.takes), tuple(program.after), first)


class _Reader:
    """Reads a pattern from the left; `left` is what has not been read."""

    def __init__(self, text: str) -> None:
        self.left = text

    def take(self, count: int = 1) -> str:
        taken, self.left = self.left[:count], self.left[count:]
        if len(taken) < count:
            raise ValueError("the pattern ends too early")
        return taken

    def alternatives(self, depth: int) -> _Node:
        if depth > MAX_DEPTH:
            raise ValueError(f"the pattern nests deeper than {MAX_DEPTH} groups")
        found = [self.sequence(depth)]
        while self.left[:1] == "|":
            self.take()
            found.append(self.sequence(depth))
        return found[0] if len(found) == 1 else _Any(tuple(found))

    def sequence(self, depth: int) -> _Node:
        items: list[_Node] = []
        if depth == 0:
            self.left = self.left.removeprefix("^")
        while self.left and self.left[0] not in "|)":
            if depth == 0 and self.left[0] == "$" and self.left[1:2] in {"", "|"}:
                self.take()
                break
            items.append(self.repeated(self.atom(depth)))
        return _All(tuple(items))

    def repeated(self, node: _Node) -> _Node:
        mark = self.left[:1]
        if mark not in {"*", "+", "?", "{"}:
            return node
        self.take()
        counts = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        least, most = counts[mark] if mark in counts else self.counts()
        if self.left[:1] in {"*", "+", "?", "{"}:
            if self.left[0] != "?":
                raise ValueError("the pattern repeats a repetition; put it in a group")
            self.take()  # as few as possible: the same names match
        return _Repeat(node, least, most)

    def counts(self) -> tuple[int, int | None]:
        text, brace, rest = self.left.partition("}")
        low, comma, high = text.partition(",")
        if not brace or not _count(low) or not (high == "" or _count(high)):
            raise ValueError(r"the pattern has { without counts; write \{ for a brace")
        self.left = rest
        most = int(high) if high else None if comma else int(low)
        if most is not None and most < int(low):
            raise ValueError("the pattern has a repetition whose ends are the wrong way round")
        return int(low), most

    def atom(self, depth: int) -> _Node:
        mark = self.take()
        if mark == "(":
            if self.left[:1] == "?" and self.left[:2] != "?:":
                raise ValueError(f"the pattern uses ({self.left[:2]}, which is not read")
            self.left = self.left.removeprefix("?:")
            inner = self.alternatives(depth + 1)
            if self.take() != ")":
                raise ValueError("the pattern has ( without )")
            return inner
        if mark == "[":
            return _Take(self.set())
        if mark == ".":
            return _Take(_others(((10, 10),)))
        if mark == "\\":
            return _Take(self.escaped())
        if mark in _SPECIAL:
            raise ValueError(f"the pattern has {mark!r} where it cannot stand; write \\{mark}")
        return _Take(((ord(mark), ord(mark)),))

    def escaped(self) -> Ranges:
        mark = self.take()
        if (ranges := _CLASSES.get(mark.lower())) is not None:
            return ranges if mark.islower() else _others(ranges)
        if mark.isalnum() or not mark.isascii():
            raise ValueError(f"the pattern uses \\{mark}, which is not read")
        return ((ord(mark), ord(mark)),)

    def set(self) -> Ranges:
        negated = self.left[:1] == "^"
        self.left = self.left.removeprefix("^")
        found: list[tuple[int, int]] = []
        while (mark := self.take()) != "]" or not found:
            ranges = self.escaped() if mark == "\\" else ((ord(mark), ord(mark)),)
            if self.left[:1] == "-" and self.left[1:2] not in {"]", ""}:
                self.take()
                high = self.take()
                ends = self.escaped() if high == "\\" else ((ord(high), ord(high)),)
                ranges = _span(ranges, ends)
            found += ranges
        return _others(found) if negated else tuple(found)


def _count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(MAX_STEPS))


def _span(low: Ranges, high: Ranges) -> Ranges:
    if len(low) != 1 or len(high) != 1 or low[0][0] != low[0][1] or high[0][0] != high[0][1]:
        raise ValueError("the pattern has a range between classes")
    if high[0][0] < low[0][0]:
        raise ValueError("the pattern has a range whose ends are the wrong way round")
    return ((low[0][0], high[0][0]),)


def _others(ranges: Iterable[tuple[int, int]]) -> Ranges:
    found, start = [], 0
    for low, high in sorted(ranges):
        if start < low:
            found.append((start, low - 1))
        start = max(start, high + 1)
    return (*found, (start, _LAST)) if start <= _LAST else tuple(found)


def _size(node: _Node) -> int:
    if isinstance(node, _Take):
        return 1
    if isinstance(node, _Repeat):
        return _size(node.item) * max(node.least + (node.most is None), node.most or 0, 1)
    return sum(map(_size, node.items)) + 1


class _Program:
    """Steps, put together from the end; step 0 is the end."""

    def __init__(self) -> None:
        self.takes: list[Ranges | None] = [None]
        self.after: list[tuple[int, ...]] = [()]

    def add(self, node: _Node, then: tuple[int, ...]) -> tuple[int, ...]:
        """Return where `node` begins, if what comes after it begins at `then`."""
        if isinstance(node, _Take):
            self.takes.append(node.ranges)
            self.after.append(then)
            return (len(self.takes) - 1,)
        if isinstance(node, _All):
            for item in reversed(node.items):
                then = self.add(item, then)
            return then
        if isinstance(node, _Any):
            return _both(*(self.add(item, then) for item in node.items))
        return self.repeat(node, then)

    def repeat(self, node: _Repeat, then: tuple[int, ...]) -> tuple[int, ...]:
        if node.most is None:
            then = self.loop(node.item, then)
        else:
            end = then
            for _ in range(node.most - node.least):
                then = _both(self.add(node.item, then), end)
        for _ in range(node.least):
            then = self.add(node.item, then)
        return then

    def loop(self, item: _Node, then: tuple[int, ...]) -> tuple[int, ...]:
        """Add `item` any number of times: what ends it leads to its beginning as well."""
        mark = -len(self.takes)  # no step has this number; it stands for the beginning
        at = len(self.takes)
        begin = _both(tuple(step for step in self.add(item, (mark, *then)) if step != mark), then)
        for step in range(at, len(self.takes)):
            if mark in self.after[step]:
                self.after[step] = _both(
                    begin, tuple(other for other in self.after[step] if other != mark)
                )
        return begin


def _both(*ways: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(step for way in ways for step in way))
