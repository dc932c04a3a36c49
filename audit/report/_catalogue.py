"""The control catalogues in reports/controls/, checked when they are read.

Every query an item cites is described, every text is there in both languages,
and ids are unique; a catalogue that is not so is a broken installation.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeVar

from pydantic import ConfigDict, Field, ValidationError

from audit.core import strict_yaml
from audit.core.canonical import canonical_bytes
from audit.core.errors import ConfigError
from audit.core.periods import read_instant
from audit.core.resources import shelf
from audit.documents import Document, Method, Text, first_problem

M = TypeVar("M", bound=Document)
FILES = (
    "beyond.yaml",
    "claims.yaml",
    "evidence-queries.yaml",
    "fields.yaml",
    "gbt22239-2019-l3.yaml",
    "gdpr.yaml",
)


class _Part(Document):
    """A part of a catalogue. Lists become tuples, so not strict; every scalar is text already."""

    model_config = ConfigDict(strict=False, populate_by_name=True)


class QueryText(_Part):
    """What an evidence query is, in words."""

    id: str
    title: Text
    section: str
    method: Method
    source: str
    computes: Text
    passes: Text
    limit: Text


class _Queries(_Part):
    schema_: Literal["audit.evidence-queries/v1"] = Field(alias="schema")
    queries: tuple[QueryText, ...]


class Source(_Part):
    """What a framework's items are taken from."""

    id: str
    title: Text
    clause: str = ""
    numbering_source: tuple[str, ...]
    not_verified: tuple[Text, ...]
    claim: Text


class Control(_Part):
    """One MLPS item: `item` is its letter, or `-` when the control has just one."""

    item: str
    unit: str | None = None
    scope: Literal["tool", "shared", "attestation", "platform"]
    text: Text
    evidence: tuple[str, ...] = ()
    supporting: tuple[str, ...] = ()
    attest: Text | None = None


class ControlPoint(_Part):
    """A control point (控制点) and its items."""

    id: str
    title: Text
    items: tuple[Control, ...]


class Domain(_Part):
    """One of the ten domains (安全层面)."""

    id: str
    title: Text
    controls: tuple[ControlPoint, ...]


class Controls(_Part):
    """GB/T 22239-2019, level 3."""

    schema_: Literal["audit.controls/v1"] = Field(alias="schema")
    framework: Source
    scopes: dict[str, Text]
    domains: tuple[Domain, ...]


class Xref(_Part):
    """Where other catalogues have the same provision."""

    ciso_assistant: str
    dpv: tuple[str, ...] = ()
    cnil_pia: str = ""


class Provision(_Part):
    """One provision of the GDPR."""

    id: str
    ref: str
    title: Text
    role: tuple[Literal["controller", "processor"], ...]
    tier: Literal["evidence", "partial", "context"]
    text: Text
    evidence: tuple[str, ...] = ()
    supporting: tuple[str, ...] = ()
    attest: tuple[Text, ...]
    never_claim: tuple[Text, ...]
    xref: Xref

    @property
    def article(self) -> int:
        """The number of the article."""
        return int(self.ref.partition(".")[0])


class Chapter(_Part):
    """Provisions under one heading: the articles from `5-11`."""

    articles: str
    title: Text

    def holds(self, provision: Provision) -> bool:
        """Whether a provision stands in this chapter."""
        first, _, last = self.articles.partition("-")
        return int(first) <= provision.article <= int(last)


class Provisions(_Part):
    """The GDPR catalogue."""

    schema_: Literal["audit.provisions/v1"] = Field(alias="schema")
    framework: Source
    tiers: dict[str, Text]
    chapters: tuple[Chapter, ...]
    provisions: tuple[Provision, ...]


class Dated(_Part):
    """Something that holds from one instant (inclusive) until another (exclusive)."""

    from_: str | None = Field(default=None, alias="from")
    until: str | None = None
    text: Text

    def holds_in(self, from_ns: int, to_ns: int) -> bool:
        """Whether it holds at some time of a period."""
        return (self.from_ is None or read_instant(self.from_) < to_ns) and (
            self.until is None or read_instant(self.until) > from_ns
        )


class Beyond(Dated):
    """A provision of another framework."""

    ref: Text
    evidence: tuple[str, ...]
    numbering: Text


class BeyondSet(_Part):
    """Another framework."""

    id: str
    title: Text
    note: Text | None = None
    items: tuple[Beyond, ...]


class _Crosswalk(_Part):
    schema_: Literal["audit.crosswalk/v1"] = Field(alias="schema")
    sets: tuple[BeyondSet, ...]


class FieldUse(_Part):
    """A provision that a field of every entry is evidence for."""

    ref: str
    text: Text


class EntryField(_Part):
    """A field that every ledger entry carries."""

    name: str
    text: Text
    provisions: tuple[FieldUse, ...]


class _Fields(_Part):
    schema_: Literal["audit.fields/v1"] = Field(alias="schema")
    fields: tuple[EntryField, ...]


class _Claims(_Part):
    schema_: Literal["audit.claims/v1"] = Field(alias="schema")
    never_claimed: tuple[Text, ...]
    law: tuple[Dated, ...]


@dataclass(frozen=True, slots=True)
class Catalogues:
    """All catalogues, and one digest over their files."""

    queries: tuple[QueryText, ...]
    mlps: Controls
    gdpr: Provisions
    beyond: tuple[BeyondSet, ...]
    fields: tuple[EntryField, ...]
    never_claimed: tuple[Text, ...]
    law: tuple[Dated, ...]
    digest: str

    def query(self, name: str) -> QueryText | None:
        """Return the query of this id, or None."""
        return next((query for query in self.queries if query.id == name), None)


@cache
def catalogues() -> Catalogues:
    """Return the catalogues that ship with this version.

    Raises:
        ConfigError: a file is malformed, cites an unknown query or repeats an id.
    """
    files = {name: shelf("reports").joinpath("controls", name).read_bytes() for name in FILES}
    return read_catalogues(files)


def read_catalogues(files: dict[str, bytes]) -> Catalogues:
    """Return the catalogues in `files`, which hold the bytes of every one of `FILES`.

    Raises:
        ConfigError: as `catalogues`.
    """
    claims = _read(_Claims, files, "claims.yaml")
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    found = Catalogues(
        queries=_read(_Queries, files, "evidence-queries.yaml").queries,
        mlps=_read(Controls, files, "gbt22239-2019-l3.yaml"),
        gdpr=_read(Provisions, files, "gdpr.yaml"),
        beyond=_read(_Crosswalk, files, "beyond.yaml").sets,
        fields=_read(_Fields, files, "fields.yaml").fields,
        never_claimed=claims.never_claimed,
        law=claims.law,
        digest="sha256:" + hashlib.sha256(canonical_bytes(dict(digests))).hexdigest(),
    )
    _check(found)
    return found


def _read(model: type[M], files: dict[str, bytes], name: str) -> M:
    source = f"reports/controls/{name}"
    yaml = strict_yaml.loads(files[name], source=source, shipped=True)
    try:
        return model.model_validate(yaml.value)
    except ValidationError as exc:
        path: tuple[Any, ...] = exc.errors(include_url=False)[0]["loc"]
        raise ConfigError(f"{source}:{yaml.line_of(path)}: {first_problem(exc)}") from exc


def _check(found: Catalogues) -> None:
    known = [query.id for query in found.queries]
    items = [*_cited(found)]
    for what, ids in (("query", known), ("item", [where for where, _ in items])):
        if twice := sorted({one for one in ids if ids.count(one) > 1}):
            raise ConfigError(f"reports/controls: {what} {twice[0]!r} is there twice")
    for where, cited in items:
        if unknown := sorted(set(cited) - set(known)):
            raise ConfigError(f"reports/controls: {where} cites the unknown query {unknown[0]!r}")
    for provision in found.gdpr.provisions:
        if sum(chapter.holds(provision) for chapter in found.gdpr.chapters) != 1:
            raise ConfigError(f"reports/controls: GDPR {provision.ref} is not in one chapter")


def _cited(found: Catalogues) -> Iterator[tuple[str, tuple[str, ...]]]:
    for domain in found.mlps.domains:
        for point in domain.controls:
            for item in point.items:
                yield f"{point.id} {item.item}", item.evidence + item.supporting
    for provision in found.gdpr.provisions:
        yield f"GDPR {provision.ref}", provision.evidence + provision.supporting
    for group in found.beyond:
        for line in group.items:
            yield f"{group.id} {line.ref.en}", line.evidence
