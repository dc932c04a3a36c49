"""Payloads with personal data: kept beside the log, read against it, destroyed on request.

* `Vault`: put a payload beside an event, read it back, erase all of one subject
* `named_payload`: which payload an entry commits to
* `generate_vault_key`, `load_vault_key`: the key that wraps the subjects' keys
"""

from audit.ledger.vault._key import VaultKey, generate_vault_key, load_vault_key
from audit.ledger.vault._vault import Sensitive, Vault, named_payload

__all__ = [
    "Sensitive",
    "Vault",
    "VaultKey",
    "generate_vault_key",
    "load_vault_key",
    "named_payload",
]
