"""Allow or deny a release.

* `load_policy`: a policy file's bytes -> what must hold, and whom it trusts
* `decide`: the pure function from a release, its evidence and a policy to a verdict
"""

from audit.gate._decide import decide
from audit.gate._policy import GatePolicy, load_policy
from audit.gate.rules import RULES, Rule

__all__ = ["RULES", "GatePolicy", "Rule", "decide", "load_policy"]
