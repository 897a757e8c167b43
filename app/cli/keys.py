"""`hub keys`: API keys of machines. Works on the database itself."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import typer
from psycopg import AsyncConnection
from rich.table import Column, Table
from rich.text import Text

from api.database import rows
from api.granting import Wanted, grant
from api.login.keys import SQL, add_key, revoke_key
from app.cli.client import out
from app.cli.connection import ConfigOption, Verbs
from app.cli.in_database import (
    COMMAND_LINE,
    AreaOption,
    CeilingOption,
    OrganisationOption,
    RegionOption,
    ceiling_of,
    in_database,
)
from hub.access.roles import Role

keys = Verbs("API keys of machines (密钥): make, list and revoke them. Works on the database itself.")


@keys.verb("add")
def make_key(
    name: Annotated[str, typer.Argument(help="Of the machine, which may have several keys.", metavar="NAME")],
    role: Annotated[Role | None, typer.Option(help="What it may do; without it what it was granted already.")] = None,
    organisation: OrganisationOption = None,
    region: RegionOption = None,
    area: AreaOption = None,
    ceiling: CeilingOption = "L4",
    label: Annotated[str, typer.Option(help="To tell its keys apart.")] = "",
    expires: Annotated[datetime | None, typer.Option(help="When the key ends, in UTC.")] = None,
    config: ConfigOption = None,
) -> None:
    """Make a key. It is shown once; programs send it as `Authorization: Bearer <key>`.

    Example:  hub keys add grid-platform --role viewer --region 330110 --expires 2027-01-01
    """

    async def work(conn: AsyncConnection) -> str:
        ends = expires.replace(tzinfo=UTC) if expires else None
        _, key = await add_key(conn, COMMAND_LINE, name, label, ends)
        if role is not None:
            await grant(conn, COMMAND_LINE, name, Wanted(role, organisation, region, area, ceiling=ceiling_of(ceiling)))
        return key

    key = in_database(config, work)
    out.print(Text(f"Key of {name}, now and never again:\n\n  {key}\n"), soft_wrap=True)
    out.print(
        Text(f'Try it:  curl -H "Authorization: Bearer {key}" http://127.0.0.1:8420/api/v1/session'), soft_wrap=True
    )


@keys.verb("list")
def list_keys(config: ConfigOption = None) -> None:
    """Keys, the newest first; never their secrets.

    Example:  hub keys list
    """

    async def work(conn: AsyncConnection) -> list[dict[str, Any]]:
        first = {"after_created_at": None, "after_id": None, "limit": None}
        return await rows(conn, SQL.keys, {"id": None, "name": None, **first})

    found = in_database(config, work)
    if not found:
        out.print("There is no key. Make one:  hub keys add grid-platform --role viewer")
        return
    id_ = Column("id", no_wrap=True, min_width=36)  # to be copied
    table = Table(id_, "name", "label", "roles", "ends", "last used")
    for each in found:
        ends = "revoked" if each["revoked_at"] else str(each["expires_at"] or "")[:16]
        used = str(each["last_used_at"] or "never")[:16]
        table.add_row(str(each["id"]), Text(each["name"]), Text(each["label"]), ", ".join(each["roles"]), ends, used)
    out.print(table)


@keys.verb("revoke")
def end_key(
    id_: Annotated[UUID, typer.Argument(help="As `hub keys list` shows it.", metavar="ID")], config: ConfigOption = None
) -> None:
    """Revoke a key: it opens nothing from then on.

    Example:  hub keys revoke 0b9d3a52-5f6e-4f0e-9d54-0d3a6d1c8f11
    """

    async def work(conn: AsyncConnection) -> None:
        await revoke_key(conn, COMMAND_LINE, id_)

    in_database(config, work)
    out.print("Revoked: it opens nothing any more.")
