"""JSON: the source that every other format is a view of. Both languages are always in it."""

from audit.documents import Report


def json_v1(report: Report) -> bytes:
    """Return the one JSON text of a report."""
    return (report.model_dump_json(indent=2) + "\n").encode("utf-8")
