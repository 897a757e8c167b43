"""`hub accounts contact`: the telephone number of a person with an account."""

import sys
from typing import Annotated

import typer
from psycopg import AsyncConnection
from rich.text import Text

from api.database import row
from api.login import accounts as kept
from api.login import contact
from app.cli.client import fail, out
from app.cli.connection import ConfigOption
from app.cli.consumer_options import FROM_INPUT
from app.cli.in_database import COMMAND_LINE, in_database, vault_of
from hub.access.phone import phone_of


def set_contact(
    name: Annotated[str, typer.Argument(help="The account's name.", metavar="NAME")],
    phone: Annotated[
        str | None, typer.Option(help="Set it: 13812345678, +852 2345 6789; - reads a line of standard input.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Keep no number any more.")] = False,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show the whole number; it is audited.")] = False,
    reason: Annotated[str, typer.Option(help="What the whole number is wanted for.")] = "",
    config: ConfigOption = None,
) -> None:
    """Show the telephone number of an account, masked; set, remove or reveal it. It is stored encrypted (secrets.key).

    Example:  hub accounts contact li.wei --phone -

    Example:  hub accounts contact li.wei --reveal --reason "red alert, nobody answers"
    """
    if (phone is not None) + remove + reveal > 1:
        fail("give one of --phone, --remove and --reveal")
    if reveal and len(reason.strip()) < 3:
        fail('say what the number is wanted for: --reason "red alert, nobody answers"')
    if phone is not None:
        try:
            phone = phone_of(sys.stdin.readline().strip() if phone == FROM_INPUT else phone)
        except ValueError as error:
            fail(f"--phone: {error.args[0]}")
    vault = vault_of(config)

    async def work(conn: AsyncConnection) -> str | None:
        account = await kept.locked_account(conn, name)
        if reveal:
            return await contact.reveal(conn, COMMAND_LINE, account, reason.strip()[:200], vault)
        if phone is not None or remove:
            await contact.set_phone(conn, COMMAND_LINE, account, phone, vault)
        stored = await row(conn, contact.SQL.stored, {"id": account["id"]})
        return contact.shown(account["id"], None if stored is None else stored["phone"], vault)

    found = in_database(config, work)
    out.print(Text(f"{name}: {found}" if found else f"{name} has no telephone number"), soft_wrap=True)
