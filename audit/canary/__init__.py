"""A canary beside a stable release: who serves a request, what was seen, back or onward.

* `ArmKey`: which arm a request goes to, recomputable by whoever has the key
* `read_samples`, `decide_canary`: from samples to a verdict, as a pure function
* `decided_event`, `find_decided`: the verdict in the ledger, and held against it again
* `roll_back`: the intent in the ledger, then the command, then how it ended

Trust: the samples are what the gateway wrote down. With the key, nobody but its
holder could choose the arm of a request; without it, arms are believed.
"""

from audit.canary._arm import ArmKey, read_arm_key
from audit.canary._decide import Compared, decide_canary
from audit.canary._policy import LoadedPolicy, load_canary_policy
from audit.canary._record import decided_event, find_decided
from audit.canary._rollback import RolledBack, Step, pending, roll_back
from audit.canary._samples import Sample, Samples, read_samples

__all__ = [
    "ArmKey",
    "Compared",
    "LoadedPolicy",
    "RolledBack",
    "Sample",
    "Samples",
    "Step",
    "decide_canary",
    "decided_event",
    "find_decided",
    "load_canary_policy",
    "pending",
    "read_arm_key",
    "read_samples",
    "roll_back",
]
