"""Progress, as a protocol: rooms count bytes, whoever has a terminal draws."""

from typing import Protocol


class Progress(Protocol):
    """Told how far a long step has come, in bytes."""

    def start(self, label: str, total: int) -> None:
        """Begin a step of `total` bytes."""

    def advance(self, count: int) -> None:
        """Note that `count` more bytes of the current step are done."""


class Silent:
    """Draws nothing."""

    def start(self, label: str, total: int) -> None:
        """Ignore the step."""

    def advance(self, count: int) -> None:
        """Ignore the bytes."""


SILENT: Progress = Silent()
