"""The ledger: entries in partitions, the head over them, checkpoints, inbox, guards."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE entries (
  seq bigint NOT NULL,
  ts_ns bigint NOT NULL,
  type text COLLATE "C" NOT NULL,
  subject text COLLATE "C",
  leaf bytea NOT NULL,
  leaf_hash bytea NOT NULL,
  PRIMARY KEY (seq)
) PARTITION BY RANGE (seq);
CREATE TABLE keys (
  key text COLLATE "C" PRIMARY KEY,
  seq bigint NOT NULL
);
CREATE TABLE checkpoints (
  number bigint PRIMARY KEY,
  size bigint NOT NULL,
  frontier bytea NOT NULL,
  vkey text NOT NULL,
  note bytea NOT NULL
);
CREATE TABLE attachments (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  checkpoint bigint NOT NULL,
  kind text NOT NULL,
  data bytea NOT NULL
);
CREATE TABLE head (
  id bigint PRIMARY KEY CHECK (id = 0),
  size bigint NOT NULL,
  root bytea NOT NULL,
  frontier bytea NOT NULL,
  last_hash bytea NOT NULL,
  last_ns bigint NOT NULL,
  checkpoints bigint NOT NULL,
  notes_hash bytea NOT NULL
);
CREATE TABLE inbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key text COLLATE "C" NOT NULL UNIQUE,
  event bytea NOT NULL,
  type text COLLATE "C" NOT NULL,
  subject text COLLATE "C"
);
CREATE TABLE service (
  id bigint PRIMARY KEY CHECK (id = 0),
  epoch bigint NOT NULL,
  partition_size bigint NOT NULL CHECK (partition_size > 0)
);
INSERT INTO service VALUES (0, 0, 50000000);
INSERT INTO head VALUES (0, 0, sha256(''), '', decode(repeat('00', 32), 'hex'), 0, 0, sha256(''));
"""

# A row trigger on a partitioned table is made on each partition too; a statement
# trigger is not, and TRUNCATE of one partition fires only its own.
GUARDS = """
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the ledger is append-only';
END $$;
CREATE FUNCTION ledger_partition(wanted bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  width bigint := (SELECT partition_size FROM service);
  name text := 'entries_p' || wanted;
BEGIN
  IF to_regclass(name) IS NOT NULL THEN RETURN; END IF;
  EXECUTE format('CREATE TABLE %I PARTITION OF entries FOR VALUES FROM (%s) TO (%s)',
                 name, wanted * width, (wanted + 1) * width);
  EXECUTE format('CREATE TRIGGER keep_truncate BEFORE TRUNCATE ON %I '
                 'EXECUTE FUNCTION ledger_refuse()', name);
END $$;
REVOKE ALL ON FUNCTION ledger_partition(bigint) FROM PUBLIC;
"""


TRIGGERS = tuple(
    f"CREATE TRIGGER keep_rows BEFORE UPDATE OR DELETE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION ledger_refuse(); "
    f"CREATE TRIGGER keep_truncate BEFORE TRUNCATE ON {table} "
    "EXECUTE FUNCTION ledger_refuse();"
    for table in ("entries", "keys", "checkpoints", "attachments")
)
STATEMENTS = (TABLES, GUARDS, *TRIGGERS)


def upgrade() -> None:
    """Make the tables and their guards."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refuse: a step back would drop the ledger."""
    raise NotImplementedError("the ledger is not dropped by a migration")
