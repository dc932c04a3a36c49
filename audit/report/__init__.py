"""Reports: what the ledger is evidence for, under GDPR and MLPS 2.0.

* `write_reports`: the main job's last step, four files in a folder
* `make_reports`, `FORMATS`: reports as documents, and as bytes
* `verify_report`: does a report still follow from the ledger?
* `ask_query`, `ask_again`: one evidence query with all its rows

Trust: a report is as good as the ledger it was made from. It states evidence,
never compliance.
"""

from audit.core.periods import read_instant, read_period
from audit.report._catalogue import catalogues
from audit.report._language import LANGUAGES, Language
from audit.report._query import Record
from audit.report._reader import LedgerReader
from audit.report._request import RETENTION_DAYS, ReportRequest
from audit.report._verify import ask_again, read_report, verify_report
from audit.report._write import ask_query, make_reports, write_reports
from audit.report.formats import FORMATS
from audit.report.queries import QUERIES

__all__ = [
    "FORMATS",
    "LANGUAGES",
    "QUERIES",
    "RETENTION_DAYS",
    "Language",
    "LedgerReader",
    "Record",
    "ReportRequest",
    "ask_again",
    "ask_query",
    "catalogues",
    "make_reports",
    "read_instant",
    "read_period",
    "read_report",
    "verify_report",
    "write_reports",
]
