"""The steps of a run, in order; each records what it read and made.

fingerprint, inspect, environment, describe, package, sign, (record: a checkpoint), gate, push, report
"""

from audit.release.steps.describe import Description, describe
from audit.release.steps.environment import environment
from audit.release.steps.fingerprint import fingerprint
from audit.release.steps.inspect import inspect
from audit.release.steps.package import Made, package
from audit.release.steps.push import push
from audit.release.steps.report import report
from audit.release.steps.sign import sign

__all__ = [
    "Description",
    "Made",
    "describe",
    "environment",
    "fingerprint",
    "inspect",
    "package",
    "push",
    "report",
    "sign",
]
