"""Registry errors of a sheet, with suggestions for mistyped names."""

from typing import Any

from psycopg import AsyncConnection

from api.database import SQL as DATABASE
from api.database import rows
from api.position_checks import SQL as PLACE
from devices.sheets.findings import (
    ADDRESSES,
    case_only,
    circle,
    division_meant,
    ended_division,
    impossible_step,
    outside,
    parent_meant,
    profile_meant,
    taken,
    template_example,
    unchecked_division,
    unknown,
)
from devices.sheets.mistakes import Mistake
from devices.similar import variants
from hub.store.statements import statements

SQL = statements(__name__)

LOOKED_UP = 300
"""Different wrong names of one sheet for which near ones are looked for; each costs some milliseconds."""


class Suggestions:
    """Formats registry errors of one sheet; suggestions are looked up once per unknown name."""

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn
        self._rights: dict[tuple[str, str], str] = {}
        self._profiles: list[str] | None = None

    async def mistake(self, found: dict[str, Any]) -> Mistake:
        """Format a row of the table device_mistake."""
        if found["kind"] == "circle":
            return circle(found["line"], found["code"], found["about"])
        if found["kind"] in ("case", "twin"):
            return case_only(found)
        if found["kind"] in ADDRESSES:
            return ADDRESSES[found["kind"]](found)
        if found["kind"] == "example":
            return template_example(found)
        if found["kind"] in ("taken", "outside"):
            return taken(found) if found["kind"] == "taken" else outside(found)
        if found["column"] == "state":
            return impossible_step(found)
        if found["kind"] == "unchecked":
            return unchecked_division(found)
        if found["kind"] == "ended":
            return ended_division(found, await self._names(PLACE.names, codes=(found["detail"] or "").split()))
        return unknown(found, await self._right(found["column"], found["about"]))

    async def _right(self, column: str, about: str) -> str:
        if (column, about) not in self._rights:
            if len(self._rights) >= LOOKED_UP:
                return "correct it as the others of its kind"
            looks = {"profile": self._profile, "parent": self._parent, "region": self._division}
            look = looks.get(column, self._organisation)
            self._rights[column, about] = await look(about)
        return self._rights[column, about]

    async def _profile(self, about: str) -> str:
        if self._profiles is None:
            self._profiles = [item["code"] for item in await rows(self._conn, DATABASE.profile_codes)]
        return profile_meant(about, self._profiles)

    async def _parent(self, about: str) -> str:
        there = await rows(self._conn, SQL.import_near, {"codes": variants(about)})
        return parent_meant(about, [item["code"] for item in there])

    async def _division(self, about: str) -> str:
        return division_meant(about, await self._names(PLACE.near, code=about))

    async def _organisation(self, about: str) -> str:
        return "only who may see the whole hub makes one: ask for it, or write the code of one that is there"

    async def _names(self, statement: str, **params: Any) -> dict[str, str]:
        return {item["code"]: item["name"] for item in await rows(self._conn, statement, params)}
