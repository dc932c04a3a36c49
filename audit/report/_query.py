"""Evidence queries: one question, asked of one view of a ledger.

A query is a pure function of the view. What it answers is printed with a
digest over its whole record, so that anybody with the ledger can ask again.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from audit.core.canonical import JsonValue, canonical_bytes
from audit.documents import QueryAnswer, QueryOutcome, QueryScope, Text
from audit.report._catalogue import QueryText
from audit.report._plain import Row, plain, plain_row, refuse_personal_data
from audit.report._view import View

RECORD = "audit.query-record/v1"
PRINTED_ROWS = 100
"""Rows that are printed in a report; the digest is over all of them."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a query found: an outcome, one sentence in both languages, and the rows behind it."""

    outcome: QueryOutcome
    observed: Text
    rows: Sequence[Row] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """One query, by the id under which evidence-queries.yaml describes it."""

    id: str
    run: Callable[[View], Reply]


NOT_RUN = Reply(
    QueryOutcome.NOT_RUN,
    Text(
        en="Not asked: nothing this version reads records it.",
        zh="未查询：本版本所读取的记录中没有此项。",
    ),
)


@dataclass(frozen=True, slots=True)
class Record:
    """An answer in full: `lines` are the JSON lines that its digest is over."""

    answer: QueryAnswer
    lines: tuple[bytes, ...]


def ask(query: Query | None, text: QueryText, view: View) -> Record:
    """Return the answer to a query; without a module for it, `not_run`.

    Raises:
        PersonalDataLeft: a row would print personal data.
        LedgerUnavailable: the ledger cannot be read.
    """
    reply = NOT_RUN if query is None else query.run(view)
    rows = []
    for row in reply.rows:
        refuse_personal_data(text.id, row)
        rows.append(plain_row(row))
    observed = Text(en=plain(reply.observed.en), zh=plain(reply.observed.zh))
    refuse_personal_data(text.id, {"observed": [observed.en, observed.zh]})
    end: dict[str, JsonValue] = {
        "outcome": str(reply.outcome),
        "observed": {"en": observed.en, "zh": observed.zh},
    }
    lines = tuple(
        canonical_bytes(line) + b"\n" for line in [_head(text.id, view.scope), *rows, end]
    )
    answer = QueryAnswer(
        query=text.id,
        section=text.section,
        title=text.title,
        method=text.method,
        computes=text.computes,
        passes=text.passes,
        limit=text.limit,
        outcome=reply.outcome,
        observed=observed,
        row_count=len(rows),
        rows=tuple(rows[:PRINTED_ROWS]),
        digest="sha256:" + hashlib.sha256(b"".join(lines)).hexdigest(),
    )
    return Record(answer, lines)


def _head(query: str, scope: QueryScope) -> dict[str, JsonValue]:
    asked = cast("JsonValue", scope.model_dump(mode="json"))
    return {"format": RECORD, "query": query, "scope": asked}


def count(number: int, one: str, many: str | None = None) -> str:
    """Return `1 entry` or `2 entries`."""
    return f"{number} {one if number == 1 else many or one + 's'}"
