"""Registries: OCI distribution-spec 1.1 over HTTP, none of it believed."""

from audit.oci.registry._client import Registry, open_registry
from audit.oci.registry._credentials import Credentials, Lookup, stored_credentials
from audit.oci.registry._limits import Limits

__all__ = [
    "Credentials",
    "Limits",
    "Lookup",
    "Registry",
    "open_registry",
    "stored_credentials",
]
