"""Tests of devices (月检, 联动测试): what they raise meanwhile is their proof, and goes to chosen consumers alone."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import Query
from psycopg import AsyncConnection
from psycopg.errors import UniqueViolation
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.context import Here
from api.contract_types import Code, Name, RegionPrefix, Time
from api.cursors import Page, Paged
from api.database import audit, handling, read, row, rows, writing
from api.problems import ProblemError, responses
from api.routes.drill_run import (
    SHEET,
    STATE,
    Drill,
    Result,
    begin,
    devices_of,
    end,
    ends_after,
    found_drill,
    listed,
    names_consumers,
    results,
    sheet,
)
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(prefix="/device-tests", tags=["drills"])
_KIND = "proof_test"
_KEYS = {"due_at": datetime, "id": int}
_EXAMPLE: dict[str, JsonValue] = {
    "devices": ["pole-7", "pole-8"], "reason": "monthly test of the buttons", "until": "2026-11-29T18:00:00+08:00",
}  # fmt: skip


class DeviceTestBody(BaseModel):
    """A test."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    devices: list[Code] = Field(min_length=1, max_length=1000)
    reason: Name
    until: Time = Field(description="at most 24 h from now; what lasts then is told as real")
    consumers: list[Code] = Field(default=[], max_length=100, description="who is told meanwhile; nobody by default")


class Proof(BaseModel):
    """An alert that a device raised while it was tested."""

    alert: UUID
    event_kind: str | None
    metric: str | None
    at: datetime = Field(description="when it happened, by the device's clock")
    accepted_at: datetime = Field(description="when the hub raised it")
    delay_s: float = Field(description="from the one to the other")
    real_at: datetime | None = Field(description="when it was told as real: it lasted when the test was over")
    answered: list[str] = Field(description="consumers that accepted it; none without consumers:read")
    unanswered: list[str] = Field(description="consumers that were told, and have not accepted it")


class TestedDevice(BaseModel):
    """A device of a test."""

    device: str
    device_name: str
    result: Literal["waiting", "passed", "missing"] = Field(description="missing: it raised nothing until the end")
    proofs: list[Proof]


class DeviceTest(Drill):
    """A test with its devices, as far as the caller may see them."""

    devices: list[TestedDevice]


class OverdueDevice(BaseModel):
    """A device that was not tested in time."""

    device: str
    device_name: str
    profile: str
    region: str | None
    test_every_days: int = Field(description="of its profile")
    last_at: datetime | None = Field(description="when it proved last that it works; null: never")
    due_at: datetime


class OverdueCount(BaseModel):
    """How many devices of a profile were not tested in time."""

    profile: str
    test_every_days: int
    devices: int = Field(description="in use")
    overdue: int
    never: int = Field(description="never tested")


class OverdueCounts(BaseModel):
    """By profile, of those that want tests."""

    items: list[OverdueCount]


@router.get("", response_model=Page[Drill])
@needs(Permission.ALERTS_READ)
async def list_device_tests(
    paging: Paged, context: Here, caller: TheCaller, state: Annotated[STATE | None, Query()] = None
) -> Any:
    """Tests of devices, the newest first."""
    return await listed(context, caller, paging, _KIND, state)


@router.post("", response_model=DeviceTest, status_code=201, responses=responses(403, 404, 409, 422))
@needs(Permission.DRILLS_WRITE, Permission.ALERTS_READ)
async def start_device_test(body: DeviceTestBody, context: Here, caller: TheCaller) -> Any:
    """Put devices in test mode from now on.

    What rules raise about them is recorded as their proof, goes to the test's consumers alone, and each text has its
    mark. What happened before the test, and what lasts when it is over, is real.
    """
    now, id_ = datetime.now(UTC), uuid4()
    ends_after(now, body.until, "until")
    async with writing(context) as conn:
        made = {"id": id_, "kind": _KIND, "name": body.reason}
        await begin(conn, caller, made, body.consumers, now, body.until)
        devices = sorted(set((await devices_of(conn, body.devices)).values()))
        if (busy := await row(conn, SQL.tested, {"devices": devices})) is not None:
            raise _tested(busy["code"], busy["ends_at"])
        try:
            async with conn.transaction():
                await conn.execute(SQL.add_devices.encode(), {"id": id_, "devices": devices})
        except UniqueViolation as error:  # another test began at this moment
            raise ProblemError(409, Sentence("refusal.device_test.another")) from error
        noted = {"reason": body.reason, "devices": len(devices), "consumers": body.consumers}
        await audit(conn, caller, "device_test.start", str(id_), {**noted, "until": body.until.isoformat()})
        return await _detail(conn, caller, id_)


@router.get("/overdue", response_model=Page[OverdueDevice])
@needs(Permission.DEVICES_READ)
async def list_overdue(
    paging: Paged,
    context: Here,
    profile: Annotated[Code | None, Query()] = None,
    region: Annotated[RegionPrefix | None, Query(description="the first digits of a division code")] = None,
) -> Any:
    """Devices in use that were not tested within `test_every_days` of their profile, the longest overdue first."""
    given = {"profile": profile, "region": region, **paging.after(_KEYS)}
    return paging.page(await read(context, SQL.overdue, given), _KEYS)


@router.get("/overdue/counts", response_model=OverdueCounts)
@needs(Permission.DEVICES_READ)
async def count_overdue(context: Here) -> Any:
    """How many devices are overdue, by profile."""
    return {"items": await read(context, SQL.overdue_counts)}


@router.get("/{test_id}", response_model=DeviceTest, responses=responses(404))
@needs(Permission.ALERTS_READ)
async def get_device_test(test_id: UUID, context: Here, caller: TheCaller) -> Any:
    """A test with its devices and what they proved."""
    async with context.pool.connection() as conn:
        return await _detail(conn, caller, test_id)


@router.post("/{test_id}:end", response_model=Drill, responses=responses(403, 404, 409))
@needs(Permission.DRILLS_WRITE, Permission.ALERTS_READ)
async def end_device_test(test_id: UUID, context: Here, caller: TheCaller) -> Any:
    """End a test now: within a second or two what still lasts is told as real."""
    async with handling(context, caller, "device_test.end", str(test_id), {}) as conn:
        return await end(context, conn, caller, test_id, _KIND)


@router.get("/{test_id}/result", response_model=list[Result], responses={**SHEET, **responses(404)})
@needs(Permission.DRILLS_WRITE, Permission.ALERTS_READ)
async def device_test_result(
    test_id: UUID,
    context: Here,
    caller: TheCaller,
    form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> Any:
    """How each consumer answered to each proof: sent when, accepted and acknowledged after how long, and by whom."""
    async with context.pool.connection() as conn:
        found = await results(conn, caller, test_id, _KIND)
    return found if form == "json" else sheet(found)


def _tested(code: str, ends_at: datetime) -> ProblemError:
    until = f"{ends_at:%Y-%m-%d %H:%M:%S}"
    return ProblemError(409, Sentence("refusal.device_test.busy", code=code, until=until))


async def _detail(conn: AsyncConnection, caller: Caller, id_: UUID) -> dict[str, Any]:
    found = await found_drill(conn, caller, id_, _KIND)
    devices = await rows(conn, SQL.devices, {"id": id_})
    shown = names_consumers(found, caller)
    return {
        **found,
        "devices": [{**each, "result": _result(each), "proofs": _proofs(each, shown)} for each in devices],
    }


def _proofs(device: dict[str, Any], shown: bool) -> list[dict[str, Any]]:
    return [each if shown else {**each, "answered": [], "unanswered": []} for each in device["proofs"]]


def _result(device: dict[str, Any]) -> str:
    if device["proofs"]:
        return "passed"
    return "missing" if device["over"] else "waiting"
