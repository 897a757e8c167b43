"""Frame check: decodes a payload without storing it."""

import time
from base64 import b64decode
from binascii import Error as Base64Error
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.context import Context, Here
from api.contract_types import Code
from api.database import read
from api.language import Spoken
from api.problems import invalid, not_found, responses
from devices.codecs.local_time import zone_at, zone_of
from devices.diagnosis.frame_check import unhex
from devices.diagnosis.frame_forms import FRAMES
from devices.diagnosis.frame_profile import ProfileView, check_with, view_of
from devices.diagnosis.frame_report import as_object
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(tags=["devices"])
PAYLOAD_CHARS = 1 << 20
_ZONE = "Asia/Shanghai"
_EXAMPLE: dict[str, JsonValue] = {"payload": '{"ts": 1767225600, "values": {"PM2.5": 35.2}}', "device": "air-1"}


class FrameBody(BaseModel):
    """A payload to check, optionally against a device's or profile's metrics."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    payload: str = Field(max_length=PAYLOAD_CHARS)
    encoding: Literal["utf-8", "base64", "hex"] = "utf-8"
    form: str = Field(default="auto", description=f"auto, {', '.join(FRAMES)}")
    device: Code | None = None
    profile: Code | None = None


class FlawOut(BaseModel):
    """A flaw and its location."""

    reason: str
    detail: str
    at: str | int | None = Field(default=None, description="of the value a JSON Pointer, or of the text a byte from 0")
    path: str | None = Field(default=None, description="of the value, like $.values.pm25")
    line: int | None = Field(default=None, description="from 1")
    column: int | None = Field(default=None, description="in characters, from 1")
    byte: int | None = Field(default=None, description="from 0")
    record: int | None = Field(default=None, description="of a SenML pack, from 0")
    excerpt: str | None = Field(default=None, description="the line, and a caret under the place in the next line")


class ReadingOut(BaseModel):
    """A reading as it would be stored."""

    metric: str
    ts: datetime
    value: float
    unit: str | None
    note: str


class EventOut(BaseModel):
    """An event as it would be stored; without ts: the arrival time."""

    kind: str
    ts: datetime | None
    state: str | None
    level: str | None
    attributes: dict[str, Any]


class ReportOut(BaseModel):
    """Result of a frame check."""

    form: str
    verdict: Literal["accepted", "partly", "refused", "dropped"] = Field(
        description="partly: what is good is stored, the rest a dead letter; dropped: the privacy gate lets it all go"
    )
    readings: list[ReadingOut]
    readings_total: int
    events: list[EventOut]
    says: str = Field(description="what else it says: a status, a reply")
    answer: str = Field(
        description="what the hub answers once it is stored, as text or in hexadecimal digits; empty: nothing"
    )
    flaws: list[FlawOut]
    private: int = Field(description="fields and events that the privacy gate drops")
    timeless: bool = Field(description="the time of arrival stands in for a time that it does not tell")
    remarks: list[str]


@router.post("/frames:check", response_model=ReportOut, responses=responses(404, 422))
@needs(Permission.DEVICES_DIAGNOSE)
async def check_frame(body: FrameBody, context: Here, spoken: Spoken) -> Any:
    """Check a payload: how the hub would decode it, and which byte or field is wrong. Nothing is stored."""
    if body.form != "auto" and body.form not in FRAMES:
        raise invalid("/form", f"'{body.form}' is none; use auto, {', '.join(FRAMES)}")
    profile, zone = await _profile(context, body)
    received = time.time_ns() // 1000
    report = check_with(_payload(body), body.form, received, zone_at(zone_of(zone), received), profile)
    return as_object(report, spoken)


def _payload(body: FrameBody) -> bytes:
    try:
        if body.encoding == "hex":
            return unhex(body.payload)
        if body.encoding == "base64":
            return b64decode(body.payload, validate=True)
        return body.payload.encode()
    except (ValueError, Base64Error) as error:
        raise invalid("/payload", str(error)) from None


async def _profile(context: Context, body: FrameBody) -> tuple[ProfileView | None, str]:
    """The profile to validate against, and the device's time zone."""
    if body.device is None and body.profile is None:
        return None, _ZONE
    found = await read(context, SQL.frame_profile, {"device": body.device, "profile": body.profile})
    if not found:
        raise not_found("device" if body.device else "profile", body.device or body.profile)
    return view_of(found[0]), found[0]["zone"] or _ZONE
