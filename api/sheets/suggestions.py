"""What the registry says against a cell of a sheet, with the names that may have been meant."""

from difflib import get_close_matches
from typing import Any

from psycopg import AsyncConnection

from api.database import SQL as DATABASE
from api.database import rows
from api.place import SQL as PLACE
from api.sheets.mistakes import Mistake, short
from devices.life import possible
from devices.near import likest, variants
from hub.store.statements import statements

SQL = statements(__name__)

LOOKED_UP = 300
"""Different wrong names of one sheet for which near ones are looked for; each costs some milliseconds."""


class Suggestions:
    """Sentences for one sheet, on the connection of its import; near names are looked up once for each wrong one."""

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn
        self._rights: dict[tuple[str, str], str] = {}
        self._profiles: list[str] | None = None

    async def mistake(self, found: dict[str, Any]) -> Mistake:
        """A row of the statement api_import_mistakes, in words."""
        column, kind, about = found["column"], found["kind"], found["about"]
        if column == "state":
            wrong = f"a step from {found['detail']} to {about} is not possible"
            return self._of(found, wrong, possible(found["code"], found["detail"]))
        if column == "region":
            return await self._region(found, kind, about)
        wrong = f"there is no {'device' if column == 'parent' else 'profile'} '{short(about)}'"
        return self._of(found, wrong, await self._near(column, about))

    def _of(self, found: dict[str, Any], wrong: str, right: str, warning: bool = False) -> Mistake:
        grade = "warning" if warning else "error"
        code, about = found["code"] or "", found["about"]
        return Mistake(found["line"], code, found["column"], wrong, right, short(about), grade)  # type: ignore[arg-type]

    async def _region(self, found: dict[str, Any], kind: str, about: str) -> Mistake:
        if kind == "unchecked":
            wrong = f"nothing is loaded by which the division {about} could be checked"
            return self._of(found, wrong, "look whether it is right, or load its county: hub regions load", True)
        if kind == "ended":
            return self._of(found, f"the division {about} has ended", await self._successors(found["detail"]))
        return self._of(found, f"there is no division {about}", await self._near("region", about))

    async def _successors(self, codes: str | None) -> str:
        if not codes:
            return "write the code of the division that is there today"
        named = {item["code"]: item["name"] for item in await rows(self._conn, PLACE.names, {"codes": codes.split()})}
        told = " or ".join(f"{code} {named.get(code, '')}".strip() for code in codes.split())
        return f"since then it is {told}"

    async def _near(self, column: str, about: str) -> str:
        if (column, about) not in self._rights:
            if len(self._rights) >= LOOKED_UP:
                return "correct it as the others of its kind"
            look = {"profile": self._profile, "parent": self._parent, "region": self._division}[column]
            self._rights[column, about] = await look(about)
        return self._rights[column, about]

    async def _profile(self, about: str) -> str:
        if self._profiles is None:
            self._profiles = [item["code"] for item in await rows(self._conn, DATABASE.profile_codes)]
        near = get_close_matches(about, self._profiles, n=3, cutoff=0.5)
        if near:
            return f"did you mean {' or '.join(near)}?"
        shown = ", ".join(self._profiles[:10])
        return f"make the profile first, or take one of {shown}" if shown else "make the profile first: there is none"

    async def _parent(self, about: str) -> str:
        there = await rows(self._conn, SQL.import_near, {"codes": variants(about)})
        near = likest(about, [item["code"] for item in there], 3)
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        return f"{hint}A parent is on a line of this sheet or registered already"

    async def _division(self, about: str) -> str:
        there = {item["code"]: item["name"] for item in await rows(self._conn, PLACE.near, {"code": about})}
        near = get_close_matches(about, there, n=3, cutoff=0.8)
        if near:
            return f"did you mean {' or '.join(f'{code} {there[code]}' for code in near)}?"
        return "look it up with: hub regions list, or load the newest divisions: hub regions load"
