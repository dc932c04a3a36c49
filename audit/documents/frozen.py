"""Facts of an event: checked once, and then never changed.

A frozen document that holds a plain `dict` is not frozen. The ledger encodes
facts without looking at each value again, so nobody may change one after it
was checked.
"""

from collections.abc import Mapping
from typing import Any, NoReturn, Self

from typing_extensions import override

from audit.core.canonical import canonical_bytes


def _refuse(_self: object, *_args: object, **_more: object) -> NoReturn:
    raise TypeError("facts cannot be changed; make a new event")


class FrozenList(list[Any]):
    """A list inside facts. Equal to a plain list of the same values."""

    __slots__ = ()

    append = extend = insert = pop = remove = clear = sort = reverse = _refuse
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse

    def __deepcopy__(self, _memo: object) -> Self:
        """Return the list itself."""
        return self

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by value."""
        return _freeze, (list(self),)


class FrozenFacts(dict[str, Any]):
    """The facts of an event. Equal to a plain dict of the same values."""

    __slots__ = ()

    def __init__(self, facts: Mapping[str, Any]) -> None:
        """Check and copy `facts`.

        Raises:
            TypeError, ValueError: a value without one canonical form.
        """
        canonical_bytes(facts)
        super().__init__({key: _freeze(value) for key, value in facts.items()})

    update = setdefault = pop = popitem = clear = _refuse
    __setitem__ = __delitem__ = __ior__ = _refuse

    def __deepcopy__(self, _memo: object) -> Self:
        """Return the facts themselves."""
        return self

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by value."""
        return FrozenFacts, (dict(self),)


def _freeze(value: Any) -> Any:
    if isinstance(value, Mapping):
        frozen = dict.__new__(FrozenFacts)
        dict.update(frozen, {key: _freeze(item) for key, item in value.items()})
        return frozen
    if isinstance(value, list | tuple):
        return FrozenList(map(_freeze, value))
    return value
