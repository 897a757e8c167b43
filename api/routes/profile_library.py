"""The profile library and its installation, which never overwrites manual changes."""

from typing import Any, Literal

from psycopg import AsyncConnection
from pydantic import BaseModel, ConfigDict, Field

from api.context import Here
from api.contract_types import Code, known
from api.database import SQL as DATABASE
from api.database import execute, read, row, rows, writing
from api.language import Spoken
from api.problems import Fault, ProblemError, responses
from api.routes.profiles import store
from api.thing_model import ProfileBody
from devices.library.profiles import library
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.store.statements import statements
from hub.words import Lang

SQL = statements(__name__)

router = GuardedRouter(tags=["profiles"])


class LibraryProfile(ProfileBody):
    """A profile of the library."""

    code: Code
    sources: list[str] = Field(description="the standards that its figures follow")
    version: int | None = Field(description="the version of the hub's profile of this code; null: it has none")
    state: Literal["absent", "installed", "changed"] = Field(description="changed: the hub's own was made by hand")


class LibraryList(BaseModel):
    """The whole library."""

    items: list[LibraryProfile]


class Install(BaseModel):
    """Which profiles to install."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"codes": ["air-station"]}]})

    codes: list[Code] | None = Field(default=None, max_length=1000, description="null: all")
    force: bool = Field(default=False, description="overwrite profiles that were made or changed by hand")


class Installed(BaseModel):
    """Result for one profile."""

    code: Code
    outcome: Literal["created", "updated", "unchanged", "kept"] = Field(
        description="kept: the hub's own profile of this code was made or changed by hand"
    )
    version: int


class InstallReport(BaseModel):
    """Results by profile."""

    items: list[Installed]


@router.get("/profile-library", response_model=LibraryList)
@needs(Permission.PROFILES_READ)
async def list_library(context: Here) -> Any:
    """The profiles that the hub is shipped with."""
    found = await read(context, SQL.states, {"codes": list(library())})
    there = {each["code"]: each for each in found}
    return {"items": [_shown(code, body, there.get(code)) for code, body in library().items()]}


@router.post("/profiles:install", response_model=InstallReport, responses=responses(422))
@needs(Permission.PROFILES_WRITE)
async def install_profiles(body: Install, context: Here, caller: TheCaller, spoken: Spoken) -> Any:
    """Install library profiles; identical ones are left unchanged."""
    codes = list(library()) if body.codes is None else list(dict.fromkeys(body.codes))
    faults = [
        Fault(pointer=f"/codes/{place}", problem=known("profile in the library", code, list(library())))
        for place, code in enumerate(body.codes or [])
        if code not in library()
    ]
    if faults:
        raise ProblemError(422, f"{faults[0].pointer}: {faults[0].problem}", faults)
    async with writing(context) as conn:
        await row(conn, DATABASE.registry_lock)
        there = {each["code"]: each for each in await rows(conn, SQL.states, {"codes": codes})}
        return {"items": [await _install(conn, caller, code, there.get(code), body.force, spoken) for code in codes]}


async def _install(
    conn: AsyncConnection, caller: Caller, code: str, there: dict[str, Any] | None, force: bool, lang: Lang
) -> dict[str, Any]:
    """Install one profile; a manually changed one is left alone."""
    profile = ProfileBody.model_validate(_body(library()[code]))
    if there is not None and not there["untouched"] and not force:
        return {"code": code, "outcome": "kept", "version": there["version"]}
    written = await store(conn, caller, code, profile, "profile.install", lang)
    await execute(conn, SQL.installed, {"code": code})
    if written is None:
        return {"code": code, "outcome": "unchanged", "version": there["version"] if there else 1}
    return {"code": code, "outcome": "created" if written["created"] else "updated", "version": written["version"]}


def _shown(code: str, body: dict[str, Any], there: dict[str, Any] | None) -> dict[str, Any]:
    state = "absent" if there is None else "installed" if there["untouched"] else "changed"
    version = None if there is None else there["version"]
    return {**body, "code": code, "version": version, "state": state}


def _body(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != "sources"}
