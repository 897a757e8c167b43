"""Devices: registration, listing and detail."""

from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Response
from psycopg import AsyncConnection
from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from api.context import Context, Here
from api.contract_types import Code, Name, Region, known
from api.cursors import Page, Paged
from api.dashboard import SQL as BOARD
from api.dashboard import LatestReading
from api.database import SQL as DATABASE
from api.database import audit, execute, read, row, rows, writing
from api.language import Spoken, letter_in
from api.lifecycle import refuse_step
from api.position_checks import doubts
from api.problems import ProblemError, invalid, not_found, responses
from api.routes.catalogue import page_of
from api.routes.catalogue_filters import Filters
from devices.lifecycle import State
from devices.places.coordinates import Crs, to_wgs84
from devices.places.position import degrees_of
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(prefix="/devices", tags=["devices"])
_EXAMPLE: dict[str, JsonValue] = {
    "name": "文三路空气站",
    "profile": "air-station",
    "region": "330106000000",
    "lon": 120.13,
    "lat": 30.28,
}
READINGS_SHOWN = 200


class DeviceFields(BaseModel):
    """Attributes of a device."""

    name: Name
    profile: Code
    parent: Code | None = Field(default=None, description="the gateway or pole it hangs on")
    organisation: Code | None = Field(default=None, description="who runs it; made when new")
    region: Region | None = Field(default=None, description="12-digit division code")
    lon: float | None = Field(default=None, allow_inf_nan=False, description="degrees east, WGS 84")
    lat: float | None = Field(default=None, allow_inf_nan=False, description="degrees north, WGS 84")
    zone: str = Field(default="Asia/Shanghai", max_length=64, description="of its clock, where it tells none")
    sim_expires: date | None = Field(
        default=None, description="the day on which its SIM card ends; `hub check` warns 30 days before"
    )
    tags: dict[Name, JsonValue] = Field(default_factory=dict, max_length=100)


class DeviceBody(DeviceFields):
    """A device in a PUT request."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    crs: Crs = Field(default="wgs84", description="what lon and lat are given in; they are stored as WGS 84")
    state: State | None = Field(default=None, description="a legal step from what it is; none: as it is, active if new")

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"'{zone}' is no time zone; write it like Asia/Shanghai") from error
        return zone

    @model_validator(mode="after")
    def _whole_place(self) -> "DeviceBody":
        if self.lon is None and self.lat is None:
            return self
        if self.lon is None or self.lat is None:
            raise ValueError("give both lon and lat, or neither")
        told = degrees_of(self.lon, self.lat)
        if told is not None:
            raise ValueError(f"{told.wrong}; {told.right}")
        self.lon, self.lat = to_wgs84(self.lon, self.lat, self.crs)
        return self


class Called(BaseModel):
    """What a protocol or a platform calls a device."""

    scheme: str = Field(examples=["hj212"])
    address: str | None = Field(examples=["010000A8900016F000169DC0"], description="null: above the caller's ceiling")


class Device(DeviceFields):
    """A stored device."""

    code: Code
    state: State
    created_at: datetime
    addresses: list[Called] = Field(description="given and taken at /devices/{code}/addresses, or by a sheet")


class PutDevice(Device):
    """A stored device, with warnings."""

    warnings: list[str] = Field(description="what may be a mistake and was taken all the same")


class DeadLetterLine(BaseModel):
    """A dead letter without its payload."""

    id: UUID
    received_at: datetime
    transport: str
    address: str
    device: str | None
    reason: str = Field(examples=["unknown_metric"])
    detail: str = Field(description="what is wrong, in a sentence")
    at: str | int | None = Field(description="where: a JSON Pointer to the value, or a byte offset; null: not known")
    payload_size: int = Field(description="bytes")
    replays: int = Field(description="how often it was replayed and refused again; an accepted one is a letter no more")
    replayed_at: datetime | None


class DeviceDetail(Device):
    """A device with its latest readings and newest dead letters."""

    latest: list[LatestReading]
    trouble: list[DeadLetterLine]


@router.put("/{code}", response_model=PutDevice, responses={201: {"model": PutDevice}, **responses(409, 422)})
@needs(Permission.DEVICES_WRITE)
async def put_device(code: Code, body: DeviceBody, response: Response, context: Here, caller: TheCaller) -> Any:
    """Register or replace a device. Its state may only change by an allowed transition."""
    async with writing(context) as conn:
        await row(conn, DATABASE.registry_lock)
        before = await row(conn, DATABASE.device, {"code": code}) or {}
        state = body.state or before.get("state", "active")
        refuse_step(code, before.get("state"), state)
        refs = await _references(conn, code, body)
        warnings = await doubts(conn, body.region, before.get("region"), body.lon, body.lat)
        if not before and (other := await row(conn, SQL.device_folded, {"code": code})):
            warnings.append(f"'{code}' differs by upper and lower case only from the device '{other['code']}'")
        if body.organisation and not refs["known_organisation"]:
            if not context.scope.everywhere:
                raise invalid("/organisation", f"there is no organisation '{body.organisation}'")
            await execute(conn, DATABASE.organisations_add, {"codes": [body.organisation]})
        stored = {**body.model_dump(mode="json", exclude={"crs"}), "state": state}
        statement = SQL.device_update if before else SQL.device_insert
        try:
            written = await row(conn, statement, {**stored, **refs, "code": code, "tags": Jsonb(body.tags)})
        except UniqueViolation as error:  # by a device that the caller may not see
            raise ProblemError(409, f"the code '{code}' cannot be had: give the device another one") from error
        if written:
            await audit(conn, caller, "device.put", code, stored)
            if before and before["state"] != state:
                await audit(conn, caller, "device.step", code, {"from": before["state"], "to": state, "note": ""})
        response.status_code = 200 if before else 201
        return {**(await row(conn, DATABASE.device, {"code": code}) or {}), "warnings": warnings}


@router.delete("/{code}", responses=responses(404, 405))
@needs(Permission.DEVICES_WRITE)
async def delete_device(code: Code, context: Here) -> None:
    """Always refused, because a device's data is kept. Retire it instead."""
    await require(context, code)
    detail = f"a device is never deleted, for its history stays; retire it: POST /api/v1/devices/{code}/steps"
    raise ProblemError(405, detail + ' with {"to": "retired"}', headers={"Allow": "GET, PUT"})


async def require(context: Context, code: str) -> dict[str, Any]:
    """Look up a device by code; 404 when unknown."""
    found = await read(context, DATABASE.device, {"code": code})
    if not found:
        raise not_found("device", code)
    return found[0]


async def _references(conn: AsyncConnection, code: str, body: DeviceBody) -> dict[str, Any]:
    names = {"code": code, "profile": body.profile, "parent": body.parent, "organisation": body.organisation}
    refs = await row(conn, SQL.device_refs, names) or {}
    if refs["profile_id"] is None:
        codes = [found["code"] for found in await rows(conn, DATABASE.profile_codes)]
        raise invalid("/profile", known("profile", body.profile, codes))
    if body.parent and refs["parent_id"] is None:
        near = [found["code"] for found in await rows(conn, DATABASE.device_codes, {"code": body.parent})]
        raise invalid("/parent", known("device", body.parent, near))
    if refs["cycle"]:
        raise invalid("/parent", f"'{body.parent}' is '{code}' itself or hangs on it")
    if body.parent is None and refs["hidden_parent"] is not None:  # whoever does not see it cannot take it away
        refs["parent_id"] = refs["hidden_parent"]
    return refs


@router.get("", response_model=Page[Device], responses=responses(422))
@needs(Permission.DEVICES_READ)
async def list_devices(wanted: Filters, paging: Paged, context: Here) -> Any:
    """Matching devices, with the catalogue's filters and order."""
    async with context.pool.connection() as conn:
        ids, following = await page_of(conn, wanted, paging)
        return {"items": await rows(conn, SQL.devices, {"ids": ids}), "next": following}


@router.get("/{code}", response_model=DeviceDetail, responses=responses(404))
@needs(Permission.DEVICES_READ, Permission.READINGS_READ)
async def get_device(code: Code, context: Here, spoken: Spoken) -> Any:
    """One device with its latest readings and newest refusals."""
    async with context.pool.connection() as conn:
        found = await row(conn, DATABASE.device, {"code": code})
        if found is None:
            raise not_found("device", code)
        of_device = {"device": code, "profile": None, "region": None}
        latest = await rows(conn, BOARD.latest, {**of_device, "after_series_id": None, "limit": READINGS_SHOWN})
        letters = await rows(conn, SQL.device_trouble, {"code": code})
        return {**found, "latest": latest, "trouble": [letter_in(spoken, letter) for letter in letters]}
