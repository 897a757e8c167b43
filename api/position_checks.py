"""Validation of device positions: impossible ones are rejected, implausible ones warned about."""

from difflib import get_close_matches

from psycopg import AsyncConnection

from api.database import row, rows
from api.problems import invalid
from devices.places.position import doubt
from hub.store.statements import statements

SQL = statements(__name__)


async def doubts(
    conn: AsyncConnection, region: str | None, before: str | None, lon: float | None, lat: float | None
) -> list[str]:
    """Warnings about a device's division and position (WGS-84); 422 when one is impossible.

    A division that is not loaded is refused while its sisters are: a mistyped code would hide the device from its
    district, and nobody would notice. One that the device has already is left alone, though it may have ended.
    """
    warnings = []
    if region is not None and region != before:
        warnings += await _division(conn, region)
    if lon is not None and lat is not None and (found := doubt(lon, lat, region)):
        told = f"{found.wrong}; {found.right}"
        if found.grade == "error":
            raise invalid("/lon", told)
        warnings.append(told)
    return warnings


async def _division(conn: AsyncConnection, region: str) -> list[str]:
    found = await row(conn, SQL.verdict, {"code": region}) or {}
    if found["verdict"] == "unchecked":
        return [f"nothing is loaded by which the division {region} could be checked"] if found["loaded"] else []
    if found["verdict"] == "ended":
        named = {item["code"]: item["name"] for item in await rows(conn, SQL.names, found)}
        after = " or ".join(f"{code} {named.get(code, '')}".strip() for code in found["codes"])
        hint = f"since then it is {after}" if after else "give the division that is there today"
        raise invalid("/region", f"the division {region} has ended; {hint}")
    if found["verdict"] == "unknown":
        there = {item["code"]: item["name"] for item in await rows(conn, SQL.near, {"code": region})}
        near = [f"{code} {there[code]}" for code in get_close_matches(region, there, n=3, cutoff=0.8)]
        hint = f"did you mean {' or '.join(near)}?" if near else "GET /api/v1/regions lists them"
        raise invalid("/region", f"there is no division {region}; {hint}")
    return []
