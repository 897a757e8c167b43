"""Verbs that work on the database itself, for who has it: they need no hub, no token and no login."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from psycopg import AsyncConnection
from pydantic import TypeAdapter, ValidationError

from api.problems import ProblemError
from app.cli.client import fail
from app.cli.connection import found_database, settings_of
from hub.access.caller import Caller
from hub.access.classification import ReadCeiling
from hub.access.roles import Role
from hub.errors import ConfigError, HubError
from hub.secrets.sealed import Secrets
from hub.store.pool import connect, lasting_errors

Found = TypeVar("Found")

COMMAND_LINE = Caller("local", "command line")
"""As the audit names who has the database."""

RoleOption = Annotated[Role, typer.Option(help="What it may do.", show_choices=True)]
OrganisationOption = Annotated[
    str | None, typer.Option("--organisation", help="Only what this organisation runs.", metavar="CODE")
]
RegionOption = Annotated[
    str | None, typer.Option("--region", help="Only below this division, by the first digits of its code.")
]
AreaOption = Annotated[str | None, typer.Option("--area", help="Only within this named area.", metavar="CODE")]
CeilingOption = Annotated[
    str, typer.Option("--ceiling", help="The highest level of data that is read by it: L2, L3 or L4 (no cut).")
]
UntilOption = Annotated[datetime | None, typer.Option("--until", help="When the role ends, in UTC.")]

_CEILING = TypeAdapter[ReadCeiling](ReadCeiling)


def ceiling_of(given: str) -> ReadCeiling:
    """A given ceiling; ends the command for what is none."""
    try:
        return _CEILING.validate_python(given)
    except ValidationError:
        why = "L1 would show nothing, for below L2 no device has a name: " if given == "L1" else ""
        fail(f"--ceiling {given}: {why}write L2, L3, L4, important or core")


def vault_of(config: Path | None) -> Secrets:
    """The keys of the settings; ends the command for a key that is none."""
    try:
        return Secrets(settings_of(config).secrets)
    except ConfigError as error:
        fail(error.detail)


def in_database(config: Path | None, work: Callable[[AsyncConnection], Awaitable[Found]]) -> Found:
    """Run it in one transaction; ends the command in words where it cannot be."""
    settings = found_database(config)

    async def run() -> Found:
        with lasting_errors():
            async with await connect(settings.database.url) as conn, conn.transaction():
                return await work(conn)

    try:
        return asyncio.run(run())
    except ProblemError as error:
        fail(error.detail)
    except HubError as error:
        fail(f"{error}. A new database is made ready by `hub migrate`")
