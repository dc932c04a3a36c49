"""Turn verdicts and ledger ranges into documents."""
