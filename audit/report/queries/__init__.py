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
    privacy,
    release,
    serving,
    signing,
)

MODULES = (
    ledger,
    access,
    gate,
    serving,
    release,
    evaluation,
    signing,
    change,
    privacy,
    places,
)
QUERIES: dict[str, Query] = {query.id: query for module in MODULES for query in module.QUERIES}

__all__ = ["QUERIES"]
