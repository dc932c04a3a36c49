"""The PostgreSQL schema, step by step (alembic)."""
