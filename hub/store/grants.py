"""The rights of the role that hubs work as, where it is not the owner of the tables."""

import getpass
import os

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from hub.errors import ConfigError
from hub.store.statements import statements

SQL = statements(__name__)


def role_of(url: str) -> str:
    """The role that a database URL connects as, as libpq finds it."""
    return str(conninfo_to_dict(url).get("user") or os.environ.get("PGUSER") or getpass.getuser())


async def grant(conn: psycopg.AsyncConnection, role: str) -> None:
    """Grant what a hub needs, again after each migration; the audit it may only read, and write by its functions.

    Nothing for the owner itself. ConfigError when there is no such role.
    """
    async with conn.transaction():
        row = await (await conn.execute(SQL.role, {"role": role})).fetchone()
        is_owner, exists, scoped, cut = row or (False, False, False, False)
        if is_owner:
            return
        if not exists:
            raise ConfigError(
                f"the database has no role {role!r}, that of database.url: create it (create role {role} login), then "
                "run `hub migrate` again"
            )
        name = sql.Identifier(role)
        await conn.execute(sql.SQL(SQL.grants).format(role=name))
        if scoped:
            await conn.execute(sql.SQL(SQL.grants_scoped).format(role=name))
        if cut:
            await conn.execute(sql.SQL(SQL.grants_cut).format(role=name))
