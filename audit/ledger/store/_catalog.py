"""Whether the PostgreSQL tables are those the migrations make.

A table of another shape, a guard that is missing or off, or one that is there
besides, would let rows be read or written otherwise than this version thinks.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

Query = Callable[[str], Sequence[Any]]

_TABLES = (
    "attachments",
    "checkpoints",
    "entries",
    "erasures",
    "expiries",
    "head",
    "inbox",
    "keys",
    "payloads",
    "service",
    "stubs",
    "subjects",
    "vault",
)
_RELATIONS = f"""
SELECT oid, relname, relrowsecurity FROM pg_class
WHERE oid IN ({", ".join(f"'{table}'::regclass" for table in _TABLES)})
  OR oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'entries'::regclass)
"""
_SHAPE = f"""
WITH r AS ({_RELATIONS})
SELECT relname, 'column ' || attname || ' ' || format_type(atttypid, atttypmod) || ' '
  || attnotnull::text FROM pg_attribute JOIN r ON attrelid = r.oid
  WHERE attnum > 0 AND NOT attisdropped
UNION ALL SELECT relname, 'constraint ' || pg_get_constraintdef(c.oid)
  FROM pg_constraint c JOIN r ON conrelid = r.oid WHERE contype IN ('c', 'f', 'p', 'u', 'x')
UNION ALL SELECT relname, 'trigger ' || tgname || ' ' || tgenabled::text || ' ' || tgtype || ' '
  || prosrc FROM pg_trigger t JOIN r ON tgrelid = r.oid JOIN pg_proc p ON p.oid = tgfoid
UNION ALL SELECT relname, 'rule ' || rulename FROM pg_rewrite JOIN r ON ev_class = r.oid
UNION ALL SELECT relname, 'row security' FROM r WHERE relrowsecurity
UNION ALL SELECT 'ledger_partition', prosrc FROM pg_proc
  WHERE oid = 'ledger_partition(bigint)'::regprocedure
"""
EXPECTED = {
    "attachments": "5ed2b9894e5e809866ae5c3cafa232cbcb0d94554e374ce018137773cee27aa6",
    "checkpoints": "adf1a9cf1751ac4b89ead4ad1daff82622a4e94660e256133705c5f127353587",
    "entries": "e662c7ff4c75e7305c086307559fe388fc352305d3d697dd20dbafd4fbb31c9a",
    "erasures": "747b7d820254940a2fe7a4203d8101bd57008c813f07930bfa2ea1a3365a9d95",
    "expiries": "1d9c441115ade2c43bbdcbd5ad29b477035e3a936583d0e68cea63e92d8e4aa6",
    "head": "5b9c83fd2a39c54fc50252d8fead84b4681dae0f37d03fe771fb824264e0c0e4",
    "inbox": "5716a6a669c730218a34881078f001525aef8e07dde2ac400386ccd716030f8b",
    "keys": "9088f26abb3b26b69d34e5de8967a9cea3f09f5244ef148ab82bfa1c1ed0b2ae",
    "ledger_partition": "3ffed4f017f0ee24367c8c5837426c5d00659e8b36be8f723766d152acda72d5",
    "payloads": "b176e539b276849d6c5afcb04ce69c5a79170308ac102efa368dda67f26b840d",
    "service": "ac6231660191cd61a79f43119c5b56b3bee0fc0c2c92f491676b281286097dce",
    "stubs": "379dc053db9841a15165a20d4aec82cbbeb19c2765d3d581375cf4d9c882961e",
    "subjects": "148e4b1ba84baecfb915a52415ed2704cb8f6495ff994e2f0839b2e7447b7a17",
    "vault": "7967204edbcc05b81fc3b428fe807541a360be3ec02b916ea144ba19c37a6b97",
}
"""SHA-256 over the lines of each table; a partition is like its parent."""


def catalog_problem(query: Query) -> str | None:
    """Return how the tables differ from those this version makes, if they do."""
    for table, found in shapes(query).items():
        if EXPECTED.get(re.sub("^entries_p[0-9]+$", "entries", table)) != found:
            return f"its table {table} or a guard of it is not what this version of audit makes"
    return None


def shapes(query: Query) -> dict[str, str]:
    """Return the SHA-256 over the sorted lines that describe each table."""
    lines: dict[str, list[str]] = defaultdict(list)
    for table, line in query(_SHAPE):
        lines[table].append(line)
    return {
        table: hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()
        for table, found in lines.items()
    }
