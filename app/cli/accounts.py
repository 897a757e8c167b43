"""`hub accounts`: who may log in, and what they may do. Works on the database itself."""

import json
from datetime import UTC
from pathlib import Path
from typing import Annotated, Any

import typer
from psycopg import AsyncConnection
from rich.table import Table
from rich.text import Text

from api.database import rows
from api.granting import Wanted, grant, take_back
from api.login import accounts as kept
from api.login import erasure
from app.cli.client import out
from app.cli.connection import ConfigOption, Verbs
from app.cli.contact import set_contact
from app.cli.in_database import (
    COMMAND_LINE,
    AreaOption,
    CeilingOption,
    OrganisationOption,
    RegionOption,
    RoleOption,
    UntilOption,
    ceiling_of,
    in_database,
    vault_of,
)
from hub.access.one_time import new_word
from hub.access.passwords import hashed
from hub.access.roles import Role

accounts = Verbs("Accounts of people (账号): make, reset, lock them, and grant roles. Works on the database itself.")
accounts.verb("contact")(set_contact)
NameArgument = Annotated[str, typer.Argument(help="The account's name.", metavar="NAME")]


@accounts.verb("add")
def add_account(
    name: NameArgument,
    role: Annotated[Role | None, typer.Option(help="What it may do; further ones: hub accounts grant.")] = None,
    organisation: OrganisationOption = None,
    region: RegionOption = None,
    area: AreaOption = None,
    until: UntilOption = None,
    ceiling: CeilingOption = "L4",
    display_name: Annotated[str, typer.Option(help="The person's name, as it is shown.")] = "",
    config: ConfigOption = None,
) -> None:
    """Make an account; its one-time password is shown once, and changed at the first login.

    Example:  hub accounts add li.wei --role operator --region 330110

    Example:  hub accounts add admin --role security_administrator
    """
    password = new_word()
    password_hash = hashed(password)

    async def work(conn: AsyncConnection) -> None:
        await kept.add_account(conn, COMMAND_LINE, name, password_hash, display_name, None)
        if role is not None:
            ends = until.replace(tzinfo=UTC) if until else None
            await grant(
                conn, COMMAND_LINE, name, Wanted(role, organisation, region, area, None, ends, ceiling_of(ceiling))
            )

    in_database(config, work)
    _tell(name, password)


@accounts.verb("reset")
def reset_account(name: NameArgument, config: ConfigOption = None) -> None:
    """Give it a new one-time password, and take its second factor and a lock away: for who is locked out.

    Example:  hub accounts reset admin
    """
    password = new_word()
    password_hash = hashed(password)

    async def work(conn: AsyncConnection) -> None:
        account = await kept.locked_account(conn, name)
        await kept.reset_account(conn, COMMAND_LINE, account, password_hash)
        if account["state"] == "locked":
            await kept.set_lock(conn, COMMAND_LINE, account, False)

    in_database(config, work)
    _tell(name, password)


@accounts.verb("lock")
def lock_account(name: NameArgument, config: ConfigOption = None) -> None:
    """Let nobody in as this account, or machine; its sessions, keys and certificates count no more, at once.

    Example:  hub accounts lock li.wei
    """
    _set_lock(config, name, True)
    out.print(f"Locked: nobody is let in as {name}.")


@accounts.verb("unlock")
def unlock_account(name: NameArgument, config: ConfigOption = None) -> None:
    """Take a lock back.

    Example:  hub accounts unlock li.wei
    """
    _set_lock(config, name, False)
    out.print(f"Unlocked: {name} is let in again.")


def _set_lock(config: Path | None, name: str, locked: bool) -> None:
    async def work(conn: AsyncConnection) -> None:
        await kept.set_lock(conn, COMMAND_LINE, await kept.locked_principal(conn, name), locked)

    in_database(config, work)


@accounts.verb("export")
def export_account(name: NameArgument, config: ConfigOption = None) -> None:
    """All that is stored about an account but its secrets, as JSON; what it did is in the audit, under its id.

    Example:  hub accounts export li.wei > li.wei.json
    """

    vault = vault_of(config)

    async def work(conn: AsyncConnection) -> dict[str, Any]:
        account = await kept.locked_account(conn, name)
        return await erasure.export_account(conn, COMMAND_LINE, account, vault)

    typer.echo(json.dumps(in_database(config, work), ensure_ascii=False, indent=2, default=str))


@accounts.verb("erase")
def erase_account(
    name: NameArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: ConfigOption = None,
) -> None:
    """Erase who an account was, for good: the audit keeps its id, which then means nobody.

    Example:  hub accounts erase li.wei
    """
    if not yes:
        typer.confirm(f"Erase {name} for good?", abort=True)

    async def work(conn: AsyncConnection) -> None:
        await erasure.erase_account(conn, COMMAND_LINE, await kept.locked_account(conn, name))

    in_database(config, work)
    out.print(f"Erased: nothing says any more whose account {name} was.")


@accounts.verb("list")
def list_accounts(config: ConfigOption = None) -> None:
    """Accounts with their roles.

    Example:  hub accounts list
    """

    async def work(conn: AsyncConnection) -> list[dict[str, Any]]:
        return await rows(conn, kept.SQL.accounts, {"name": None, "after_name": None, "limit": None})

    found = in_database(config, work)
    if not found:
        out.print("There is no account. Make one:  hub accounts add admin --role security_administrator")
        return
    table = Table("name", "roles", "state", "second factor", "last login")
    for each in found:
        state = "one-time password" if each["must_change"] and each["state"] == "active" else each["state"]
        last = str(each["last_login_at"] or "")[:16]
        factor = "yes" if each["second_factor"] else ""
        table.add_row(Text(each["name"]), ", ".join(each["roles"]), state, factor, last)
    out.print(table)


@accounts.verb("grant")
def grant_role(
    name: NameArgument,
    role: RoleOption,
    organisation: OrganisationOption = None,
    region: RegionOption = None,
    area: AreaOption = None,
    until: UntilOption = None,
    ceiling: CeilingOption = "L4",
    config: ConfigOption = None,
) -> None:
    """Grant a role to an account, or to the machine of a key; several add up.

    Example:  hub accounts grant li.wei --role viewer --area qiandao-lake --until 2026-12-31

    Example:  hub accounts grant li.wei --role viewer --region 33 --ceiling L2
    """

    async def work(conn: AsyncConnection) -> None:
        ends = until.replace(tzinfo=UTC) if until else None
        await grant(conn, COMMAND_LINE, name, Wanted(role, organisation, region, area, None, ends, ceiling_of(ceiling)))

    in_database(config, work)
    out.print(f"Granted: {name} is {role}.")


@accounts.verb("revoke")
def revoke_role(name: NameArgument, role: RoleOption, config: ConfigOption = None) -> None:
    """Take a role back, with all its limits.

    Example:  hub accounts revoke li.wei --role viewer
    """

    async def work(conn: AsyncConnection) -> int:
        return await take_back(conn, COMMAND_LINE, name, role)

    count = in_database(config, work)
    out.print(f"Taken back: {count} grants of {role}." if count else f"{name} does not hold {role}: nothing to do.")


@accounts.verb("certificate")
def set_certificate(
    name: NameArgument,
    subject: Annotated[str, typer.Option(help="As the gateway passes it on, character by character.")],
    remove: Annotated[bool, typer.Option("--remove", help="Let nobody in by it any more.")] = False,
    config: ConfigOption = None,
) -> None:
    """Let in by a client certificate that a gateway checks (access.certificate_header), or no more.

    Example:  hub accounts certificate li.wei --subject "CN=li.wei,O=应急管理局,C=CN"
    """

    async def work(conn: AsyncConnection) -> None:
        await kept.set_certificate(conn, COMMAND_LINE, name, subject, remove)

    in_database(config, work)
    out.print(Text(f"{'Removed' if remove else 'Kept'}: {subject}"), soft_wrap=True)


def _tell(name: str, password: str) -> None:
    lines = [f"One-time password of {name}, now and never again:", "", f"  {password}", ""]
    lines += ["It is good for 7 days, and changed at the first login."]
    out.print(Text("\n".join(lines)), soft_wrap=True)
