"""What the OSCAL documents share: names, ids and metadata.

Identifiers follow from the report's digest (UUIDv5), so the same report gives
the same bytes. Written as plain values: no OSCAL library is needed to write it.
"""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from audit.core.periods import show_instant
from audit.documents import Report, ReportItem
from audit.report._language import Language, in_language

VERSION = "1.2.1"
NAMESPACE = "urn:lastmile-audit:oscal"
Value = dict[str, Any]


def uuid_of(report: Report, name: str) -> str:
    """Return the UUID of a named part of a report."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:lastmile-audit:report:{report.digest}:{name}"))


def control_id(report: Report, item: ReportItem) -> str:
    """Return the id of an item's control: a token, such as `mlps-8.1.4.3.c`."""
    return f"{report.kind}-{item.id.rstrip(')').replace(' ', '.')}"


def objective_id(report: Report, item: ReportItem) -> str:
    """Return the id of the objective that evidence for the item is on record."""
    return control_id(report, item) + "_obj"


def prop(name: str, value: str) -> Value:
    """Return a property in our namespace."""
    return {"name": name, "ns": NAMESPACE, "value": value}


def metadata(report: Report, title: str) -> Value:
    """Return the metadata of a document made from a report."""
    return {
        "title": title,
        "last-modified": show_instant(report.scope.as_of_ns),
        "version": report.maker.version,
        "oscal-version": VERSION,
        "props": [prop("report-digest", report.digest)],
    }


def title_of(report: Report, language: Language) -> str:
    """Return the title of the framework."""
    return in_language(report.framework.title, language)


def written(root: str, value: Mapping[str, Any]) -> bytes:
    """Return an OSCAL document as JSON."""
    text = json.dumps({root: value}, ensure_ascii=False, indent=2)
    return (text + "\n").encode("utf-8")
