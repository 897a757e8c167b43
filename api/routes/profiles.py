"""Profiles: what kinds of device there are, and what they measure."""

from typing import Any

from fastapi import APIRouter, Response
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from api.context import Here
from api.cursors import Page, Paged
from api.database import audit, read, row, writing
from api.problems import not_found, responses
from api.words import Code, Metric, Name, Unit

router = APIRouter(prefix="/profiles", tags=["profiles"])
_KEYS = {"code": str}
_EXAMPLE: dict[str, JsonValue] = {
    "name": "Air station",
    "metrics": {"pm25": {"name": "PM2.5", "unit": "ug/m3", "min": 0, "max": 2000}},
    "max_future_s": 600,
}


class MetricSpec(BaseModel):
    """What a device of the profile measures, and what it can physically be."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    unit: Unit = Field(description="UCUM, in ASCII: ug/m3, Cel, %, m, 1 for a plain number")
    min: float | None = Field(default=None, allow_inf_nan=False, description="readings below are out of range")
    max: float | None = Field(default=None, allow_inf_nan=False, description="readings above are out of range")

    @model_validator(mode="after")
    def _ordered(self) -> "MetricSpec":
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")
        return self


class ProfileBody(BaseModel):
    """A profile as it is put."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    name: Name
    metrics: dict[Metric, MetricSpec] = Field(max_length=500)
    max_future_s: int = Field(default=600, ge=0, le=31_536_000, description="how far ahead a device clock may be")


class Profile(ProfileBody):
    """A stored profile."""

    code: Code
    devices: int = Field(description="how many devices have it")


@router.put("/{code}", response_model=Profile, responses={201: {"model": Profile}, **responses(422)})
async def put_profile(code: Code, body: ProfileBody, response: Response, context: Here) -> Any:
    """Make a profile, or replace it. Its devices get a series for each metric; none is ever taken away."""
    stored = body.model_dump(exclude_none=True)
    async with writing(context) as conn:
        await row(conn, "api_registry_lock")
        written = await row(conn, "api_profile_put", {**stored, "code": code, "metrics": Jsonb(stored["metrics"])})
        if written:
            await audit(conn, "api", "profile.put", code, stored)
        response.status_code = 201 if written and written["created"] else 200
        return await _profile(conn, code)


@router.get("", response_model=Page[Profile])
async def list_profiles(paging: Paged, context: Here) -> Any:
    """All profiles by code."""
    found = await read(context, "api_profiles", {"code": None, **paging.after(_KEYS)})
    return paging.page(found, _KEYS)


@router.get("/{code}", response_model=Profile, responses=responses(404))
async def get_profile(code: Code, context: Here) -> Any:
    """One profile."""
    async with context.pool.connection() as conn:
        return await _profile(conn, code)


async def _profile(conn: AsyncConnection, code: str) -> Any:
    found = await row(conn, "api_profiles", {"code": code, "after_code": None, "limit": 1})
    if found is None:
        raise not_found("profile", code)
    return found
