"""What a report can be written as. One module per format; each is a view of one document."""

from collections.abc import Callable

from audit.documents import Report
from audit.report._language import Language
from audit.report.formats.csv import csv
from audit.report.formats.html import html
from audit.report.formats.json_v1 import json_v1
from audit.report.formats.oscal_catalog import oscal_catalog
from audit.report.formats.oscal_results import oscal_results
from audit.report.formats.text import text

FORMATS: dict[str, Callable[[Report, Language], bytes]] = {
    "csv": csv,
    "html": html,
    "json": lambda report, _: json_v1(report),
    "oscal-catalog": oscal_catalog,
    "oscal-results": oscal_results,
    "text": text,
}

__all__ = ["FORMATS", "Language"]
