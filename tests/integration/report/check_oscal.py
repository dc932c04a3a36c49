"""Run by `make oscal`: an independent OSCAL reader accepts the exports, and refuses broken ones.

Usage: python -m tests.integration.report.check_oscal PYTHON, an interpreter that has
compliance-trestle. It is not a test of `make check`, since its environment is large.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from audit.report import FORMATS
from tests.unit.report.test_golden import reports

READER = """
import sys
from pathlib import Path
from trestle.oscal.assessment_results import AssessmentResults
from trestle.oscal.catalog import Catalog
model = {"catalog": Catalog, "results": AssessmentResults}[sys.argv[1]]
for name in sys.argv[2:]:
    try:
        model.oscal_read(Path(name))
    except Exception as exc:
        print("refused", name)
    else:
        print("read", name)
"""


def spoiled(value: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give copies of an OSCAL document, each with one thing wrong."""
    (root,) = value
    for name, change in (
        ("uuid", {"uuid": "not-a-uuid"}),
        ("extra", {"colour": "green"}),
        ("time", {"metadata": {**value[root]["metadata"], "last-modified": "2026-01-01"}}),
    ):
        yield name, {root: {**value[root], **change}}


def main(python: str) -> int:
    failed = 0
    with TemporaryDirectory() as text:
        folder = Path(text)
        for kind, report in reports(folder, broken=False).items():
            for form in ("catalog", "results"):
                data = FORMATS[f"oscal-{form}"](report, "both")
                files = {folder / f"{kind}-{form}.json": ("read", data)}
                for name, value in spoiled(json.loads(data)):
                    path = folder / f"{kind}-{form}-{name}.json"
                    files[path] = ("refused", json.dumps(value).encode())
                for path, (_, content) in files.items():
                    path.write_bytes(content)
                found = subprocess.run(
                    [python, "-c", READER, form, *map(str, files)],
                    check=True,
                    capture_output=True,
                    text=True,
                ).stdout.splitlines()
                wanted = [f"{word} {path}" for path, (word, _) in files.items()]
                failed += found != wanted
                sys.stdout.write("".join(line.replace(text, "") + "\n" for line in found))
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
