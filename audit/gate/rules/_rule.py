"""What a rule is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from audit.documents import Evidence, Finding, Release

E = TypeVar("E")
Check = Callable[[Release, Sequence[Evidence], Any], Iterator[Finding]]


class Parameters(BaseModel):
    """What a policy may set under `with`; the defaults are the strict choice."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Rule:
    """A named check with a one-line summary; `parameters` says what a policy may set."""

    name: str
    summary: str
    check: Check
    parameters: type[Parameters] = Parameters

    @property
    def url(self) -> str:
        """Where this rule is explained."""
        return f"docs/rules.md#{self.name}"


def of_kind(evidence: Sequence[Evidence], kind: type[E]) -> list[E]:
    """Return the evidence of one kind."""
    return [one for one in evidence if isinstance(one, kind)]
