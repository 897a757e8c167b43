"""All that a database holds, as text."""

import psycopg
from psycopg import sql


def everything(database: str) -> str:
    """Each row of each table."""
    with psycopg.connect(database) as conn:
        tables = conn.execute(
            "select schemaname, tablename from pg_tables "
            "where schemaname !~ '^pg_' and schemaname <> 'information_schema'"  # pg_temp_N is of other sessions
        ).fetchall()
        found = [
            conn.execute(sql.SQL("select t::text from {} t").format(sql.Identifier(*each))).fetchall()
            for each in tables
        ]
    return "\n".join(str(row[0]) for table in found for row in table)
