"""A private Sigstore: certificate authority, certificate log, Rekor v1 and v2, timestamps, OIDC.

Everything follows from a seed and a clock, so that what it makes can be made again.
`Stack` makes material in memory; `tests.sigstack.server` serves it over HTTP.
"""

from tests.sigstack.stack import Stack

__all__ = ["Stack"]
