"""The queries this version can ask. One module per group of records.

A new kind of record gets a module with its queries and a line in this table.
Ids that evidence-queries.yaml describes and this table lacks are `not_run`.
"""

from audit.report._query import Query
from audit.report.queries import (
    access,
    change,
    evaluation,
    gate,
    ledger,
    places,
    release,
    signing,
)

QUERIES: dict[str, Query] = {
    query.id: query
    for module in (ledger, access, gate, release, evaluation, signing, change, places)
    for query in module.QUERIES
}

__all__ = ["QUERIES"]
