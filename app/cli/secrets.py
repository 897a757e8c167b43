"""`hub secrets`: the keys that secrets of others are encrypted with in the database."""

import asyncio
import os
from base64 import b64encode

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from app.cli.client import err, fail, out
from app.cli.connection import ConfigOption, Verbs, found_database
from hub.audit.entry import Entry, write
from hub.crypto import KEY_BYTES
from hub.errors import HubError
from hub.secrets.sealed import Secrets
from hub.secrets.stored import Summary, seal_all_again
from hub.secrets.stored import summary as summary_of
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors

secrets = Verbs("Keys that the secrets of consumers are encrypted with in the database.")


@secrets.verb("key")
def make_key() -> None:
    """Make a key, and print it. Keep it in a file that only the hub may read (secrets.key_file), and a copy elsewhere.

    Example:  (umask 077; hub secrets key > /etc/ganzhi/secrets.key)
    """
    typer.echo(b64encode(os.urandom(KEY_BYTES)).decode())


@secrets.verb("status")
def status(config: ConfigOption = None) -> None:
    """How many secrets are stored with which key, and whether each can be read. Exit status 1 when one cannot.

    Example:  hub secrets status --config hub.toml
    """

    async def counted(settings: Settings, vault: Secrets) -> Summary:
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                return await summary_of(conn, vault)

    settings = found_database(config)
    try:
        vault = Secrets(settings.secrets)
        found = asyncio.run(counted(settings, vault))
    except HubError as error:
        fail(str(error))
    out.print(f"key in use: {vault.current or 'none: secrets are stored as they are'}")
    for (column, sealed), count in sorted(found.by_key.items(), key=str):
        out.print(Text(f"{count:8}  {column:20} {sealed or 'not encrypted'}"), soft_wrap=True)
    if found.pending:
        out.print(f"{found.pending} to encrypt anew:  hub secrets rotate")
    if found.unreadable:
        fail(
            f"{found.unreadable} cannot be read: a key is missing in secrets.key, or they were changed in the database"
        )


@secrets.verb("rotate")
def rotate(config: ConfigOption = None) -> None:
    """Encrypt all secrets with the first key of secrets.key. May be broken off and run again, also while hubs run.

    Put a new key in front of the former one, restart the hubs, rotate, and take the former one out once
    `hub secrets status` no longer shows it.

    Example:  hub secrets rotate --config hub.toml
    """
    settings = found_database(config)
    try:
        vault = Secrets(settings.secrets)
        if vault.current is None:
            fail("there is no key to encrypt with: make one with `hub secrets key`, and set secrets.key_file")
        done, unreadable = asyncio.run(_rotate(settings, vault))
    except HubError as error:
        fail(str(error))
    out.print(f"{done} encrypted anew with the key {vault.current}.")
    if unreadable:
        fail(f"{unreadable} cannot be read and stay as they are: hub secrets status")


async def _rotate(settings: Settings, vault: Secrets) -> tuple[int, int]:
    """How many were encrypted anew, and how many cannot be read."""
    columns = TextColumn("encrypting"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with sorted_errors(), Progress(*columns, console=err) as progress:
        async with await connect(settings.database.url) as conn:
            pending = (await summary_of(conn, vault)).pending
            await write(conn, Entry("command line", "secrets.rotate", str(vault.current), {"secrets": pending}))
            task = progress.add_task("", total=pending)
            return await seal_all_again(conn, vault, lambda: progress.advance(task))
