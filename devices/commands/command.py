"""Commands: validation against the profile, and the message sent to the device. Pure.

A profile's commands: `{"set_brightness": {"name": "Dim", "schema": <JSON Schema of params>, "timeout_s": 10}}`.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from jsonschema import Draft202012Validator, SchemaError
from jsonschema.exceptions import ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable

from devices.topics import own_topic
from hub.models import to_micros

DEFAULT_TIMEOUT_S = 10.0
MAX_TIMEOUT_S = 3_600.0
MAX_PARAMS = 16 << 10
"""Bytes of the parameters as JSON: devices have small buffers."""
MAX_FLAWS = 20


class Flaw(NamedTuple):
    """A validation error: a JSON Pointer relative to the parameters ("" for the whole) and the problem."""

    pointer: str
    problem: str


class BrokenSchema(Exception):
    """The profile's JSON Schema cannot be used"""


def flaws(schema: Mapping[str, Any], params: Mapping[str, Any]) -> list[Flaw]:
    """Validate parameters against a command's schema, at most MAX_FLAWS errors; BrokenSchema if it is unusable.

    References beyond the schema itself are not followed.
    """
    size = len(json.dumps(params, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    if size > MAX_PARAMS:
        return [Flaw("", f"{size:,} bytes; up to {MAX_PARAMS:,} are sent")]
    validator = Draft202012Validator(schema, registry=Registry())
    try:
        validator.check_schema(schema)
        found = sorted(validator.iter_errors(params), key=lambda error: [str(part) for part in error.absolute_path])
    except (SchemaError, Unresolvable, RecursionError) as error:
        raise BrokenSchema(str(error).splitlines()[0]) from error
    return [_flaw(error) for error in found[:MAX_FLAWS]]


def _flaw(error: ValidationError) -> Flaw:
    steps = (str(part).replace("~", "~0").replace("/", "~1") for part in error.absolute_path)
    return Flaw("".join(f"/{step}" for step in steps), error.message[:300])


def timeout_of(command: Mapping[str, Any]) -> float:
    """The profile's reply timeout in seconds."""
    return float(command.get("timeout_s") or DEFAULT_TIMEOUT_S)


def topic_of(prefix: str, device: str, gateway: str | None) -> str:
    """Command topic of a device; children of a gateway or pole are addressed through it."""
    if gateway is None:
        return own_topic(prefix, "command", device=device)
    return own_topic(prefix, "child_command", gateway=gateway, device=device)


def message_of(command: UUID, name: str, params: Mapping[str, Any], ts: datetime, expires_at: datetime) -> bytes:
    """Command payload; times are epoch milliseconds, and a device must ignore it after `expires_at`."""
    times = {"ts": to_micros(ts) // 1000, "expires_at": to_micros(expires_at) // 1000}
    return msgspec.json.encode({"id": str(command), "name": name, "params": params, **times})
