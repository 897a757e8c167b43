"""Many devices at once, from a CSV file: all of it or nothing."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from pydantic import BaseModel

from api.context import Context, Here
from api.database import audit, execute, row, rows, writing
from api.device_csv import COLUMNS, DeviceFile, read_devices, repeated
from api.problems import ERRORS_SHOWN, Fault, ProblemError, responses
from api.words import known

router = APIRouter(tags=["devices"])
BODY_LIMIT = 8 << 20
"""Bytes: about 80,000 devices; protects memory, and other requests from waiting for one file."""
_EXAMPLE = """code,name,profile,parent,organisation,region,lon,lat
pole-1,文三路1号杆,pole,,lamps,330106000000,120.13,30.28
air-1,文三路空气站,air,pole-1,,330106000000,120.13,30.28
"""


class Imported(BaseModel):
    """How many devices an import made, changed, and found as they were."""

    created: int
    updated: int
    unchanged: int


@router.post(
    "/devices:import",
    response_model=Imported,
    responses=responses(415, 422),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"text/csv": {"schema": {"type": "string"}, "example": _EXAMPLE}},
        }
    },
)
async def import_devices(
    request: Request, context: Here, content_type: Annotated[str, Header(include_in_schema=False)] = ""
) -> Any:
    """Register the devices of a CSV file in UTF-8, or bring them up to date.

    The first line names the columns: code, name, profile and, where wanted, parent, organisation, region, lon, lat.
    A parent may come later in the file than its child. A column that is left out stays as it is; an empty cell
    clears. Importing the same file again changes nothing. If any line is wrong, nothing is stored, and the answer
    lists each line, column, what is wrong and what would be right.
    """
    if content_type.split(";")[0].strip().lower() != "text/csv":
        raise ProblemError(415, "send the file with Content-Type: text/csv")
    file = await asyncio.to_thread(_read, await request.body())
    _refuse(file.faults)
    return await _store(context, file)


def _read(body: bytes) -> DeviceFile:
    file = read_devices(body)
    file.faults.extend(repeated(file.rows))
    return file


def _refuse(faults: list[Fault]) -> None:
    if not faults:
        return
    faults = sorted(faults, key=lambda fault: fault.line or 0)
    shown = f"; the first {ERRORS_SHOWN} are listed" if len(faults) > ERRORS_SHOWN else ""
    count = "1 thing is" if len(faults) == 1 else f"{len(faults)} things are"
    raise ProblemError(422, f"nothing was imported: {count} wrong in the file{shown}", faults)


async def _store(context: Context, file: DeviceFile) -> Imported:
    """Set by set, whatever the size of the file: a handful of statements in one transaction."""
    given = {"rows": Jsonb(file.rows), "columns": [name for name in file.columns if name in COLUMNS]}
    async with writing(context) as conn:
        await row(conn, "api_registry_lock")
        _refuse(await _unknown(conn, given))
        organisations = [item.get("organisation") for item in file.rows]
        await execute(conn, "api_organisations_add", {"codes": organisations})
        created = {found["code"] for found in await rows(conn, "api_import_insert", given)}
        written = {found["code"] for found in await rows(conn, "api_import_update", given)}
        _refuse(await _circles(conn, file.rows))
        updated = len(written - created)
        result = Imported(created=len(created), updated=updated, unchanged=len(file.rows) - len(created) - updated)
        if created or updated:
            await audit(conn, "api", "devices.import", f"{len(file.rows)} devices", result.model_dump())
        return result


async def _unknown(conn: AsyncConnection, given: dict[str, Any]) -> list[Fault]:
    found = await rows(conn, "api_import_unknown", given)
    if not found:
        return []
    profiles = [item["code"] for item in await rows(conn, "api_profile_codes")]
    codes = [item["code"] for item in given["rows"].obj]
    # Finding near names costs: only for what is shown.
    return [
        Fault(
            line=item["line"],
            column=item["column"],
            problem=known("profile", item["name"], profiles)
            if item["column"] == "profile"
            else f"there is no device '{item['name']}', neither in this file nor registered"
            if place >= ERRORS_SHOWN
            else f"{known('device', item['name'], codes[:1000])} A parent is in this file or registered already",
        )
        for place, item in enumerate(found)
    ]


async def _circles(conn: AsyncConnection, given: list[dict[str, Any]]) -> list[Fault]:
    circle = {found["code"] for found in await rows(conn, "api_import_cycles", {"codes": [r["code"] for r in given]})}
    return [
        Fault(line=item["line"], column="parent", problem=f"'{item['code']}' would hang on itself")
        for item in given
        if item["code"] in circle
    ]
