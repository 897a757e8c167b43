"""Granting a role, with all that is checked; for the routes and the command line alike."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection

from api.database import audit, row, rows
from api.four_eyes import refuse_who_has_its_credential
from api.problems import ProblemError, invalid
from devices.catalogue.search import subtree
from hub.access.caller import Caller
from hub.access.classification import Level, ReadCeiling, level_named
from hub.access.roles import ALONE, READERS, Role, conflict
from hub.access.scope import DIGITS
from hub.store.statements import statements

SQL = statements(__name__)


@dataclass(slots=True, frozen=True)
class Wanted:
    """A role, for everything or within limits that hold together."""

    role: Role
    organisation: str | None = None
    region: str | None = None
    area: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    ceiling: ReadCeiling = "L4"


async def grant(conn: AsyncConnection, caller: Caller, name: str, wanted: Wanted) -> UUID:
    """Grant a role to a person or machine; ProblemError for what may not be. Returns the grant's id."""
    region = _checked(wanted)
    found = await row(conn, SQL.principal, {"name": name})  # locked: its roles change one at a time
    if found is None:
        raise invalid("/principal", f"there is no account or machine '{name}'")
    if found["id"] == caller.principal:
        raise ProblemError(403, "nobody grants to himself: ask another security administrator")
    if found["kind"] == "machine" and wanted.role in ALONE:
        raise ProblemError(409, f"{wanted.role} is for people: no machine holds it")
    await refuse_who_has_its_credential(conn, caller, found["id"], name)
    known = await row(conn, SQL.named, {"organisation": wanted.organisation, "area": wanted.area}) or {}
    for what in ("organisation", "area"):
        if getattr(wanted, what) is not None and not known[what]:
            raise invalid(f"/{what}", f"there is no {what} '{getattr(wanted, what)}'")
    held = [
        Role(each["role"]) for each in await rows(conn, SQL.roles, {"id": found["id"]}) if each["role"] in set(Role)
    ]
    if excluded := conflict([*held, wanted.role]):
        raise ProblemError(409, f"{excluded[0]} and {excluded[1]} exclude each other: {name} holds one")
    stored = {**asdict(wanted), "region": region}
    made = await row(conn, SQL.grant_add, {**stored, "principal_id": found["id"], "granted_by": caller.actor}) or {}
    told = {key: str(value) for key, value in stored.items() if value is not None}
    await audit(conn, caller, "grant.make", str(made["id"]), {"principal": f"principal:{found['id']}", **told})
    return UUID(str(made["id"]))


def _checked(wanted: Wanted) -> str | None:
    """The digits of its region; ProblemError for limits that do not hold together."""
    region = None if wanted.region is None else subtree(wanted.region)
    if region is not None and len(region) not in DIGITS:
        raise invalid("/region", "give a division: the first 2, 4, 6, 9 or all 12 digits of its code")
    if region is not None and wanted.area is not None:
        raise invalid("/area", "give a region or an area, and two grants for both")
    if wanted.valid_from and wanted.valid_to and wanted.valid_from >= wanted.valid_to:
        raise invalid("/valid_to", "it must be later than valid_from")
    if level_named(wanted.ceiling) < Level.L4 and wanted.role not in READERS:
        raise invalid(
            "/ceiling",
            f"{wanted.role} sees what it changes: a ceiling below L4 is for {', '.join(sorted(READERS))}; leave it out",
        )
    return region


async def take_back(conn: AsyncConnection, caller: Caller, name: str, role: Role) -> int:
    """Take all grants of a role back from a person or machine; returns how many there were."""
    taken = await rows(conn, SQL.take_back, {"name": name, "role": role})
    for each in taken:
        told = {key: value for key, value in each.items() if key not in ("id", "principal_id") and value is not None}
        told |= {"principal": f"principal:{each['principal_id']}", "role": role}
        await audit(conn, caller, "grant.take_back", str(each["id"]), told)
    return len(taken)
