"""The audit ledger: append, verify, prove."""
