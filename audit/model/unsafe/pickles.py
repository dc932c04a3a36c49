"""Pickles, recognised by what they hold and read opcode by opcode; never loaded.

A pickle is a program for a small machine that can import and call anything, so
every one is refused. What it would import is read off its opcodes, only to say
it in the refusal: a pickle can hide that, and one that does is refused as well.

Source: `pickletools` of the standard library, which decodes and never executes.
"""

import pickletools
import struct
from dataclasses import dataclass, field
from typing import Protocol

from audit.model._refused import Refused, clip
from audit.model._source import Source

MAX_OPCODES = 200_000
MAX_ARGUMENT = 16 << 20
MAX_LINE = 1 << 16
MAX_STREAMS = 8
MAX_NAMED = 5
"""How many imports a refusal names."""

PROTO = 0x80
HIGHEST_PROTOCOL = 5
IMPORTS = frozenset({"GLOBAL", "INST"})
CALLS = frozenset({"REDUCE", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "BUILD"})
EXTENSIONS = frozenset({"EXT1", "EXT2", "EXT4"})
STORES = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
FETCHES = frozenset({"GET", "BINGET", "LONG_BINGET"})
SILENT = frozenset({"PROTO", "FRAME", "MARK"})

BROKEN = (ValueError, EOFError, IndexError, OverflowError, struct.error)
"""What `pickletools` raises on bytes that are no pickle."""


class Bytes(Protocol):
    """What `pickletools` reads from."""

    def read(self, count: int, /) -> bytes:
        """Return the next `count` bytes, fewer at the end."""

    def readline(self) -> bytes:
        """Return the next line with its end."""

    def tell(self) -> int:
        """Return the place of the next byte."""


@dataclass(slots=True)
class Program:
    """What the opcodes of a stream of pickles say, as far as they could be read."""

    marked: bool = False
    imports: list[str] = field(default_factory=list)
    calls: bool = False
    hides: str | None = None
    streams: int = 0
    broken: str | None = None

    @property
    def acts(self) -> bool:
        """Whether this is a pickle beyond doubt; text can look like a few idle opcodes."""
        if self.marked:
            return bool(self.imports or self.hides or self.streams)
        return self.streams > 0 and self.calls and bool(self.imports or self.hides)


def read_program(data: Bytes, *, head: bytes) -> Program:
    """Return what the pickles in `data` would import and call; nothing is executed.

    `head` is how the bytes begin, so that `data` has to be read only forward.
    """
    marked = len(head) > 1 and head[0] == PROTO and head[1] <= HIGHEST_PROTOCOL
    program = Program(marked=marked)
    try:
        while program.streams < MAX_STREAMS:
            _read_one(data, program)
            program.streams += 1
    except BROKEN as exc:
        program.broken = clip(str(exc) or type(exc).__name__, 60)
    return program


def refusal(program: Program, where: str = "") -> Refused:
    """Return the refusal for a pickle, naming what it would import."""
    named = ", ".join(program.imports[:MAX_NAMED])
    if len(program.imports) > MAX_NAMED:
        named += f" and {len(program.imports) - MAX_NAMED} more"
    what = f"{where}a pickle" + (f" that imports {named}" if named else "")
    if program.hides is not None:
        return Refused("pickle-hidden", f"{what}, and {program.hides}")
    if program.streams == 0:
        return Refused("pickle-truncated", f"{what}, and breaks off: {program.broken}")
    if program.streams > 1:
        return Refused("pickle", f"{what}, in {program.streams} streams")
    return Refused("pickle", what)


def _read_one(data: Bytes, program: Program) -> None:
    """Read one pickle up to its STOP."""
    texts: list[str | None] = []
    memo: dict[int, str | None] = {}
    opcodes = pickletools.genops(data)  # type: ignore[arg-type]  # it uses these three methods
    for count, (opcode, argument, _) in enumerate(opcodes):
        if count > MAX_OPCODES:
            raise ValueError(f"more than {MAX_OPCODES} opcodes")
        name = opcode.name
        program.calls |= name in CALLS
        if name in IMPORTS:
            _note(program, str(argument).replace(" ", ".", 1))
        elif name == "STACK_GLOBAL":
            _stack_global(program, texts)
        elif name in EXTENSIONS:
            program.hides = f"extension code {argument} stands for an import"
        _follow(name, argument, texts, memo)


def _follow(
    name: str, argument: object, texts: list[str | None], memo: dict[int, str | None]
) -> None:
    """Keep the last two texts that are on the stack, through the memo."""
    if name in STORES:
        memo[int(str(argument))] = texts[-1] if texts else None
    elif name == "MEMOIZE":
        memo[len(memo)] = texts[-1] if texts else None
    elif name in FETCHES:
        texts.append(memo.get(int(str(argument))))
    elif name not in SILENT:
        texts.append(argument if isinstance(argument, str) else None)
    del texts[:-2]


def _stack_global(program: Program, texts: list[str | None]) -> None:
    module, name = texts if len(texts) == 2 else (None, None)
    if module is None or name is None:
        program.hides = "makes the name of an import while it runs"
    else:
        _note(program, f"{module}.{name}")


def _note(program: Program, name: str) -> None:
    shown = clip(name, 60)
    if shown not in program.imports:
        program.imports.append(shown)


class Stream:
    """A part of a source as `Bytes`, with a bound on each read."""

    def __init__(self, source: Source, begin: int, end: int) -> None:
        self._source = source
        self._at = begin
        self._end = end

    def read(self, count: int, /) -> bytes:
        """Return the next `count` bytes, fewer at the end."""
        count = min(count, self._end - self._at)
        if count > MAX_ARGUMENT:
            raise ValueError(f"an argument of {count} bytes")
        data = self._source.read(self._at, count)
        self._at += count
        return data

    def readline(self) -> bytes:
        """Return the next line with its end."""
        for limit in (256, MAX_LINE):
            data = self._source.read(self._at, min(limit, self._end - self._at))
            line, newline, _ = data.partition(b"\n")
            if newline or len(data) < limit:
                self._at += len(line) + len(newline)
                return line + newline
        raise ValueError("an endless line")

    def tell(self) -> int:
        """Return the place of the next byte."""
        return self._at
