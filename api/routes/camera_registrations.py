"""Registrations of cameras and platforms over GB/T 28181 and GA/T 1400: who, from where, since when and until when."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field

from api.context import Here
from api.contract_types import Code
from api.cursors import Page, Paged
from api.database import read
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(prefix="/camera-registrations", tags=["cameras"])
_KEYS = {"id": str, "protocol": str}


class Registration(BaseModel):
    """A camera, recorder or platform that has registered."""

    id: str | None = Field(description="its 20 digits; null: above the caller's ceiling")
    device: Code | None = Field(description="null: nobody has registered it in the registry")
    registered: bool = Field(description="whether its registration is in force")
    protocol: Literal["gb28181", "gat1400"]
    transport: Literal["udp", "tcp", "http"]
    host: str | None
    port: int | None = Field(description="null over HTTP, where each request has another")
    since: datetime = Field(description="since when without a gap")
    renewed_at: datetime
    expires_at: datetime | None = Field(
        description="null: it has logged out, or (gat1400) registers for as long as it is heard"
    )
    heard_at: datetime | None = Field(description="its last keepalive")
    status: str | None = Field(description="of that: OK, ERROR")
    faulty: list[str] = Field(description="devices that it called faulty")
    version: str = Field(description="of GB/T 28181: 2.0 is 2016, 3.0 is 2022; empty: it tells none")
    agent: str
    manufacturer: str | None
    model: str | None
    firmware: str | None
    channels: int | None
    told_at: datetime | None = Field(description="when it told the four before")
    twin_at: datetime | None = Field(description="when two devices were last seen to register with this number")
    twin_peers: list[str] | None = Field(description="their addresses: the one that is registered, and the other")
    dropped: int | None = Field(
        description="of gat1400: objects about persons, vehicles and pictures that it has sent since it is registered"
    )


@router.get("", response_model=Page[Registration])
@needs(Permission.DEVICES_READ)
async def list_registrations(
    paging: Paged,
    context: Here,
    registered: Annotated[bool | None, Query(description="only those in force, or only those that are over")] = None,
    device: Annotated[Code | None, Query(description="only of this device")] = None,
) -> Any:
    """Registrations by number; those of devices that nobody knows are shown to who sees all devices."""
    asked = {"registered": registered, "device": device, **paging.after(_KEYS)}
    return paging.page(await read(context, SQL.registrations, asked), _KEYS)
