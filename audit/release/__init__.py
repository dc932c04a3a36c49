"""The main job: take a release from files to verdict and reports.

* `run`: every step, each recorded in the ledger
* `Gate`: collect evidence about a packaged artifact, decide, record, answer
* `init`: keys, a policy that trusts them, and a RELEASE.toml to fill in
"""

from audit.release._artifact import find_ledger, open_artifact
from audit.release._check import Answer, Gate, verdict_event
from audit.release._init import Started, init
from audit.release._run import Done, Options, run

__all__ = [
    "Answer",
    "Done",
    "Gate",
    "Options",
    "Started",
    "find_ledger",
    "init",
    "open_artifact",
    "run",
    "verdict_event",
]
