"""Databases as earlier versions left them, made by the migrations that those versions had."""

import psycopg

from hub.store.migrate import migrations


def migrate_to(url: str, mode: str, version: int) -> None:
    """Bring an empty database to a version of the schema, and not beyond it."""
    with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as conn:
        if mode == "timescaledb":
            conn.execute("create extension if not exists timescaledb")
        conn.execute(
            "create table schema_migration (version int primary key, name text not null, mode text not null, "
            "applied_at timestamptz not null default now())"
        )
        for step in migrations(mode):
            if step.version <= version:
                with conn.transaction():
                    conn.execute(step.text.encode())
                    conn.execute("insert into schema_migration values (%s, %s, %s)", (step.version, step.name, mode))
