"""Retention: which entries a policy no longer keeps, and their expiry, which is never silent.

* `load_retention`: a policy file -> how many calendar months are kept
* `plan_expiry`, `Expirer`: what could expire now, and its expiry under the log's signature
"""

from audit.ledger.retention._expire import Expirer, plan_expiry
from audit.ledger.retention._policy import LoadedRetention, load_retention

__all__ = ["Expirer", "LoadedRetention", "load_retention", "plan_expiry"]
