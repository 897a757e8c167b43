"""Devices: what is out there, where, and whether it works."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from api.board import LatestReading
from api.context import Here
from api.cursors import Page, Paged
from api.database import audit, execute, read, row, rows, writing
from api.problems import invalid, not_found, responses
from api.words import Code, Name, Region, RegionPrefix, known

router = APIRouter(prefix="/devices", tags=["devices"])
_KEYS = {"code": str}
_EXAMPLE: dict[str, JsonValue] = {
    "name": "文三路空气站",
    "profile": "air",
    "region": "330106000000",
    "lon": 120.13,
    "lat": 30.28,
}
READINGS_SHOWN = 200


class DeviceBody(BaseModel):
    """A device as it is put."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    name: Name
    profile: Code
    parent: Code | None = Field(default=None, description="the gateway or pole it hangs on")
    organisation: Code | None = Field(default=None, description="who runs it; made when new")
    region: Region | None = Field(default=None, description="12-digit division code")
    lon: float | None = Field(default=None, ge=-180, le=180, description="degrees east, WGS 84")
    lat: float | None = Field(default=None, ge=-90, le=90, description="degrees north, WGS 84")
    zone: str = Field(default="Asia/Shanghai", max_length=64, description="of its clock, where it tells none")
    tags: dict[Name, JsonValue] = Field(default_factory=dict, max_length=100)
    state: Literal["pending", "active", "suspended", "retired"] = "active"

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
        if (self.lon is None) != (self.lat is None):
            raise ValueError("give both lon and lat, or neither")
        return self


class Device(DeviceBody):
    """A stored device."""

    code: Code
    created_at: datetime


class DeadLetterLine(BaseModel):
    """A message that could not be stored, without its payload."""

    id: UUID
    received_at: datetime
    transport: str
    address: str
    device: str | None
    reason: str = Field(examples=["unknown_metric"])
    detail: str = Field(description="what is wrong, in a sentence")
    payload_size: int = Field(description="bytes")
    replays: int = Field(description="how often it was replayed and refused again; an accepted one is a letter no more")
    replayed_at: datetime | None


class DeviceDetail(Device):
    """A device and how it does: its newest readings, and its newest messages that were refused."""

    latest: list[LatestReading]
    trouble: list[DeadLetterLine]


@router.put("/{code}", response_model=Device, responses={201: {"model": Device}, **responses(422)})
async def put_device(code: Code, body: DeviceBody, response: Response, context: Here) -> Any:
    """Register a device, or replace what is known of it."""
    stored = body.model_dump()
    async with writing(context) as conn:
        await row(conn, "api_registry_lock")
        refs = await _references(conn, code, body)
        if body.organisation:
            await execute(conn, "api_organisations_add", {"codes": [body.organisation]})
        written = await row(conn, "api_device_put", {**stored, **refs, "code": code, "tags": Jsonb(body.tags)})
        if written:
            await audit(conn, "api", "device.put", code, stored)
        response.status_code = 201 if written and written["created"] else 200
        return await row(conn, "api_device", {"code": code})


async def _references(conn: AsyncConnection, code: str, body: DeviceBody) -> dict[str, Any]:
    names = {"code": code, "profile": body.profile, "parent": body.parent}
    refs = await row(conn, "api_device_refs", names) or {}
    if refs["profile_id"] is None:
        codes = [found["code"] for found in await rows(conn, "api_profile_codes")]
        raise invalid("/profile", known("profile", body.profile, codes))
    if body.parent and refs["parent_id"] is None:
        near = [found["code"] for found in await rows(conn, "api_device_codes", {"code": body.parent})]
        raise invalid("/parent", known("device", body.parent, near))
    if refs["cycle"]:
        raise invalid("/parent", f"'{body.parent}' is '{code}' itself or hangs on it")
    return refs


@router.get("", response_model=Page[Device])
async def list_devices(
    paging: Paged,
    context: Here,
    profile: Annotated[Code | None, Query()] = None,
    region: Annotated[RegionPrefix | None, Query(description="the first digits of a division code")] = None,
    parent: Annotated[Code | None, Query(description="only what hangs on this device")] = None,
    q: Annotated[str | None, Query(max_length=100, description="part of a code or a name")] = None,
) -> Any:
    """Devices by code."""
    wanted = {"profile": profile, "region": region, "parent": parent, "q": q}
    found = await read(context, "api_devices", {**wanted, **paging.after(_KEYS)})
    return paging.page(found, _KEYS)


@router.get("/{code}", response_model=DeviceDetail, responses=responses(404))
async def get_device(code: Code, context: Here) -> Any:
    """One device with its newest readings, and why its last refused messages were refused."""
    async with context.pool.connection() as conn:
        found = await row(conn, "api_device", {"code": code})
        if found is None:
            raise not_found("device", code)
        of_device = {"device": code, "profile": None, "region": None}
        latest = await rows(conn, "api_latest", {**of_device, "after_series_id": None, "limit": READINGS_SHOWN})
        return {**found, "latest": latest, "trouble": await rows(conn, "api_device_trouble", {"code": code})}
