"""The vault (payloads under keys of their own, made to be destroyed) and retention."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE vault (
  id bigint PRIMARY KEY CHECK (id = 0),
  key_check bytea NOT NULL
);
CREATE TABLE subjects (
  ref text COLLATE "C" PRIMARY KEY,
  lookup bytea NOT NULL UNIQUE,
  wrapped bytea NOT NULL
);
CREATE TABLE payloads (
  commitment bytea PRIMARY KEY,
  subject text COLLATE "C" NOT NULL,
  sealed bytea NOT NULL
);
CREATE INDEX payloads_subject ON payloads (subject);
CREATE TABLE erasures (
  seq bigint PRIMARY KEY,
  ts_ns bigint NOT NULL,
  ref text COLLATE "C" NOT NULL,
  lookup bytea NOT NULL,
  payloads bigint NOT NULL,
  leaf_hash bytea NOT NULL
);
CREATE TABLE expiries (
  number bigint PRIMARY KEY,
  minimum bigint NOT NULL,
  vkey text NOT NULL,
  note bytea NOT NULL
);
CREATE TABLE stubs (
  tile bigint PRIMARY KEY,
  hashes bytea NOT NULL
);
"""

# Entries go by whole partitions, which fires no row trigger. The keys they were
# recorded under go one by one, and only below the minimum that was signed.
GUARDS = """
CREATE FUNCTION ledger_refuse_kept() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF TG_OP = 'DELETE' AND OLD.seq < (SELECT max(minimum) FROM expiries) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'the ledger is append-only';
END $$;
DROP TRIGGER keep_rows ON keys;
CREATE TRIGGER keep_rows BEFORE UPDATE OR DELETE ON keys
FOR EACH ROW EXECUTE FUNCTION ledger_refuse_kept();
"""
TRIGGERS = tuple(
    f"CREATE TRIGGER keep_rows BEFORE UPDATE OR DELETE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION ledger_refuse(); "
    f"CREATE TRIGGER keep_truncate BEFORE TRUNCATE ON {table} "
    "EXECUTE FUNCTION ledger_refuse();"
    for table in ("expiries", "stubs")
)
# Whoever may read the head verifies, and for that has to read what expired.
RIGHTS = """
DO $$
DECLARE
  reader record;
BEGIN
  FOR reader IN
    SELECT DISTINCT r.rolname FROM pg_class c, aclexplode(c.relacl) a JOIN pg_roles r
      ON r.oid = a.grantee
    WHERE c.oid = 'head'::regclass AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner
  LOOP
    EXECUTE format('GRANT SELECT ON expiries, stubs TO %I', reader.rolname);
  END LOOP;
END $$;
"""
STATEMENTS = (TABLES, GUARDS, *TRIGGERS, RIGHTS)


def upgrade() -> None:
    """Make the tables and their guards."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refuse: a step back would drop the ledger."""
    raise NotImplementedError("the ledger is not dropped by a migration")
