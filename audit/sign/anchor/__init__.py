"""Anchor bytes outside: timestamps (RFC 3161) and entries of a transparency log (Rekor v2).

* `TimestampMaker`, `LogMaker`: have bytes anchored by a service, verified before anybody gets it
* `AnchorTrust`: whose anchors count, checked without a network
* `read_services`, `read_chain`: from configuration files to services and trust; `write_chains` back
"""

from audit.sign.anchor._chain import read_chain, trust_anchors, write_chains
from audit.sign.anchor._make import LogMaker, TimestampMaker
from audit.sign.anchor._services import Services, read_services
from audit.sign.anchor._verify import AnchorTrust

__all__ = [
    "AnchorTrust",
    "LogMaker",
    "Services",
    "TimestampMaker",
    "read_chain",
    "read_services",
    "trust_anchors",
    "write_chains",
]
