"""Pickles, recognised by what they hold and read opcode by opcode; never loaded.

A pickle is a program for a small machine that can import and call anything, so
every one is refused. What it would import is read off its opcodes, only to say
it in the refusal: a pickle can hide that, and one that does is refused as well.
The opcodes are followed on a stack of texts and unknowns, since a name can take
a way over the stack or the memo, and since text can look like a few opcodes but
not like ones that find what they need on the stack.

Source: `pickletools` of the standard library, which decodes and never executes.
"""

import pickletools
import struct
import warnings
from dataclasses import dataclass, field
from typing import Any, Protocol

from audit.model._refused import Refused, clip
from audit.model._source import Source

MAX_OPCODES = 200_000
MAX_ARGUMENT = 16 << 20
MAX_LINE = 1 << 16
MAX_STREAMS = 8
MAX_NAME = 256
MAX_NAMED = 5
"""How many imports a refusal names."""

PROTO = 0x80
HIGHEST_PROTOCOL = 5
IMPORTS = frozenset({"GLOBAL", "INST"})
CALLS = frozenset({"REDUCE", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "BUILD"})
EXTENSIONS = frozenset({"EXT1", "EXT2", "EXT4"})
TEXTS = frozenset(
    {"STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE"}
    | {"BINUNICODE8"}
)
STORES = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
FETCHES = frozenset({"GET", "BINGET", "LONG_BINGET"})

BROKEN = (ValueError, EOFError, LookupError, OverflowError, struct.error)
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
    broken: str = ""
    is_long: bool = False

    @property
    def acts(self) -> bool:
        """Whether this is a pickle beyond doubt, however it ends."""
        reaches = bool(self.imports or self.hides)
        return (self.marked and (reaches or self.streams > 0)) or (self.calls and reaches)


def read_program(data: Bytes, *, head: bytes) -> Program:
    """Return what the pickles in `data` would import and call; nothing is executed.

    `head` is how the bytes begin, so that `data` has to be read only forward.
    """
    marked = len(head) > 1 and head[0] == PROTO and head[1] <= HIGHEST_PROTOCOL
    program = Program(marked=marked)
    try:
        while program.streams < MAX_STREAMS:
            _Machine(program).read(data)
            program.streams += 1
    except TooLongError:
        program.is_long = True
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
    if program.is_long:
        return Refused("pickle", f"{what}, as far as it was read")
    if program.streams == 0:
        return Refused("pickle-truncated", f"{what}, and breaks off: {program.broken}")
    if program.streams > 1:
        return Refused("pickle", f"{what}, in {program.streams} streams")
    return Refused("pickle", what)


class TooLongError(Exception):
    """The program goes on beyond what is read of it."""


class _Mark:
    """Where a list of arguments begins on the stack."""


MARK = _Mark()


class _Machine:
    """Follows one pickle up to its STOP: a stack of short texts, unknowns and marks."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._stack: list[str | _Mark | None] = []
        self._memo: dict[int, str | _Mark | None] = {}

    def read(self, data: Bytes) -> None:
        opcodes = pickletools.genops(data)  # type: ignore[arg-type]  # it uses these three methods
        with warnings.catch_warnings():
            # An unknown escape in a text opcode is only warned about, and loads all the same.
            warnings.simplefilter("ignore", DeprecationWarning)
            for count, (opcode, argument, _) in enumerate(opcodes):
                if count > MAX_OPCODES:
                    raise TooLongError
                self._step(opcode, argument)

    def _step(self, opcode: pickletools.OpcodeInfo, argument: Any) -> None:
        name, stack = opcode.name, self._stack
        if name in STORES:
            self._memo[int(argument)] = stack[-1]
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = stack[-1]
        elif name in FETCHES:
            stack.append(self._memo[int(argument)])
        elif name == "DUP":
            stack.append(stack[-1])
        elif name == "MARK":
            stack.append(MARK)
        else:
            taken = self._take(opcode)
            stack.extend([None] * len(opcode.stack_after))
            self._note(name, argument, taken)

    def _take(self, opcode: pickletools.OpcodeInfo) -> list[str | _Mark | None]:
        """Take what an opcode needs off the stack; one that finds less ends the program."""
        stack, wanted = self._stack, opcode.stack_before
        begin = len(stack) - len(wanted)
        if pickletools.markobject in wanted:
            place = len(stack) - 1 - stack[::-1].index(MARK)
            begin = place - wanted.index(pickletools.markobject)
        taken = stack[max(begin, 0) :]
        marks = pickletools.markobject in wanted or opcode.name == "POP"
        if begin < 0 or (MARK in taken and not marks):
            raise ValueError(f"{opcode.name} finds too little on the stack")
        del stack[begin:]
        return taken

    def _note(self, name: str, argument: Any, taken: list[str | _Mark | None]) -> None:
        program = self._program
        program.calls |= name in CALLS
        if isinstance(argument, str) and name in TEXTS:
            self._stack[-1] = argument if len(argument) <= MAX_NAME else None
        if name in IMPORTS:
            self._imports(argument.replace(" ", ".", 1))
        elif name == "STACK_GLOBAL":
            module, attribute = taken
            if isinstance(module, str) and isinstance(attribute, str):
                self._imports(f"{module}.{attribute}")
            else:
                program.hides = "makes the name of an import while it runs"
        elif name in EXTENSIONS:
            program.hides = f"extension code {argument} stands for an import"

    def _imports(self, name: str) -> None:
        shown = clip(name, 60)
        if shown not in self._program.imports:
            self._program.imports.append(shown)


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
            raise TooLongError
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
        raise TooLongError

    def tell(self) -> int:
        """Return the place of the next byte."""
        return self._at
