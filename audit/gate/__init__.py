"""Allow or deny a release.

* `load_policy`: a policy file's bytes -> what must hold, and whom it trusts
* `decide`: the pure function from a release, its evidence and a policy to a verdict
* `explain`: what a rule checks, why, and how to satisfy it
"""

from audit.gate._decide import decide
from audit.gate._explain import explain
from audit.gate._policy import GatePolicy, load_policy
from audit.gate.rules import RULES, Rule

__all__ = ["RULES", "GatePolicy", "Rule", "decide", "explain", "load_policy"]
