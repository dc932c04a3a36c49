"""A foreign JSON object, read member by member; what is not read is refused.

Sigstore's own readers refuse unknown members too, and some match names without
regard to case, so a member we skip could be one that somebody else obeys.
"""

import re
from collections.abc import Mapping
from typing import Any

from audit.sign import _base64

_COUNT = re.compile(r"0|[1-9][0-9]{0,18}")


class Fields:
    """One JSON object and the path to it.

    Every method raises ValueError, naming the member, when it is not what was asked for.
    """

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise ValueError(f"{where or 'the document'} is not an object")  # noqa: TRY004
        self._left: dict[str, Any] = dict(value)
        self._where = where

    def __contains__(self, name: str) -> bool:
        return name in self._left

    def path(self, name: str) -> str:
        """Return the path of a member, for messages."""
        return f"{self._where}.{name}" if self._where else name

    def take(self, name: str) -> Any:
        """Return a member that must be there."""
        if name not in self._left:
            raise ValueError(f"{self.path(name)} is missing")
        return self._left.pop(name)

    def text(self, name: str) -> str:
        """Return a member that is text and not empty."""
        value = self.take(name)
        # A JSON number that is not an integer is kept as a kind of text (`strict_json.Number`).
        if type(value) is not str or not value:
            raise ValueError(f"{self.path(name)} is not text")
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a text member, or None when it is absent or, as protobuf has it, empty."""
        if self._left.get(name, "") == "":
            self._left.pop(name, None)
            return None
        return self.text(name)

    def number(self, name: str) -> int:
        """Return a 64-bit count, which protobuf JSON writes as text; absent means 0."""
        value = self._left.pop(name, "0")
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not _COUNT.fullmatch(value) or int(value) >= 2**63:
            raise ValueError(f"{self.path(name)} is not a count")
        return int(value)

    def peek(self, name: str) -> Any:
        """Return a member without taking it, or None."""
        return self._left.get(name)

    def drop(self, name: str) -> None:
        """Take a member that nothing depends on, if it is there."""
        self._left.pop(name, None)

    def data(self, name: str) -> bytes:
        """Return the bytes of a member that is canonical base64 and not empty."""
        try:
            value = _base64.decode(self.take(name))
        except ValueError as exc:
            raise ValueError(f"{self.path(name)} is {exc}") from exc
        if not value:
            raise ValueError(f"{self.path(name)} is empty")
        return value

    def object(self, name: str) -> "Fields":
        """Return a member that is an object."""
        return Fields(self.take(name), self.path(name))

    def items(self, name: str, *, most: int) -> list[Any]:
        """Return a list member of at most `most` items; absent means empty, as in protobuf JSON."""
        value = self._left.pop(name, [])
        if not isinstance(value, list):
            raise ValueError(f"{self.path(name)} is not a list")  # noqa: TRY004
        if len(value) > most:
            raise ValueError(f"{self.path(name)} has {len(value)} items; {most} are read at most")
        return value

    def objects(self, name: str, most: int) -> list["Fields"]:
        """Return a list member of objects; absent means empty."""
        items = self.items(name, most=most)
        return [Fields(item, f"{self.path(name)}.{at}") for at, item in enumerate(items)]

    def done(self) -> None:
        """Refuse the object if a member of it was not taken."""
        if self._left:
            raise ValueError(f"{self.path(min(self._left))} is not a known member")


def without_twins(value: object) -> None:
    """Refuse names in one object that differ by case alone.

    Readers that match without regard to case keep one of them, and not all the same one.

    Raises:
        ValueError: such a pair, named.
    """
    if isinstance(value, Mapping):
        seen: dict[str, str] = {}
        for name, item in value.items():
            twin = seen.setdefault(name.casefold(), name)
            if twin != name:
                raise ValueError(f"the members {twin!r} and {name!r} differ by case alone")
            without_twins(item)
    elif isinstance(value, list):
        for item in value:
            without_twins(item)
