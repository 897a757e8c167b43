"""Device commands and their outcome."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import Header, Query, Response
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.context import Context, Here
from api.contract_types import Code, Name
from api.cursors import Page, Paged
from api.database import Row, audit, read, row, writing
from api.problems import Fault, ProblemError, not_found, responses
from devices.codecs.lorawan.downlink import DownlinkRefused, payload_of
from devices.commands.command import MAX_TIMEOUT_S, BrokenSchema, flaws, timeout_of
from devices.commands.networks import LONGEST_S
from devices.commands.networks import timeout_of as network_timeout_of
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(tags=["commands"])
_KEYS = {"created_at": datetime, "id": UUID}
MAX_UNDER_WAY = 100
"""Commands of one device without an outcome; protects its broker's queue from who never looks at outcomes."""
MAX_WAIT_S = 60.0
OFFER_S = 5.0
"""How long a process may take to take a command; nobody takes it later."""
LOOK_S = 0.5
"""How often it is looked what became of an offer, if no notification tells."""
KEY = r"^[!-~]{1,200}$"

State = Literal["pending", "queued", "sent", "replied", "failed", "timed_out"]


class CommandBody(BaseModel):
    """A command to send."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "set_brightness", "params": {"brightness": 40}}]}
    )

    name: Annotated[str, Field(min_length=1, max_length=64)] = Field(description="one of the profile's commands")
    params: dict[str, JsonValue] = Field(default_factory=dict, description="as the profile's JSON Schema wants them")
    timeout_s: float | None = Field(
        default=None, ge=1, le=LONGEST_S,
        description=f"how long the device has to answer, at most {MAX_TIMEOUT_S:g}, through a network of LoRaWAN "
        f"{LONGEST_S:g}; else as the profile says, through a network twice as long as the device may be silent",
    )  # fmt: skip
    actor: Name | None = Field(default=None, description="who gives it, as a post or a desk; only a note")


class Command(BaseModel):
    """A command and its outcome."""

    id: UUID
    device: str
    name: str
    params: dict[str, JsonValue]
    state: State = Field(
        description="queued: a network of LoRaWAN has it, and sends it when the device listens. replied, failed and "
        "timed_out are final; so is sent, if settled_at says so: the device is not asked to acknowledge it"
    )
    network: str | None = Field(description="through which it goes; null: none of LoRaWAN")
    confirmed: bool | None = Field(description="whether the network asks the device to acknowledge it")
    queued_at: datetime | None = Field(description="when the network had it")
    actor: str
    created_at: datetime
    expires_at: datetime = Field(description="without a reply by then it is timed_out; the device is told so too")
    sent_at: datetime | None = Field(
        description="when the broker, or the device's connection, had it; through a network, when a gateway sent it"
    )
    settled_at: datetime | None
    replied_at: datetime | None
    reply: dict[str, JsonValue] | None = Field(description='what the device said: {"result"} or {"error"}')
    late: bool = Field(description="the reply came after the command was settled, and changed nothing any more")
    error: str | None


WaitQuery = Annotated[float, Query(ge=0, le=MAX_WAIT_S, description="answer when the outcome is known, or then")]
KeyHeader = Annotated[str | None, Header(pattern=KEY, description="requests with the same key are one command")]


@router.post(
    "/devices/{code}/commands",
    status_code=202,
    response_model=Command,
    responses={200: {"model": Command, "description": "its outcome is known"}, **responses(403, 404, 409, 422, 429)},
)
@needs(Permission.COMMANDS_SEND)
async def send_command(
    code: Code,
    body: CommandBody,
    response: Response,
    context: Here,
    caller: TheCaller,
    wait_s: WaitQuery = 0,
    idempotency_key: KeyHeader = None,
) -> Any:
    """Send a command. 202 while the reply is pending, 200 once there is an outcome, which may be a failure.

    503 when it could not be sent: it is kept as failed, and nothing is sent later. A repeat with the same
    Idempotency-Key sends nothing and tells of the first one; a new attempt takes a new key.
    """
    target = await _target(context, code)
    command = target["commands"].get(body.name)
    timeout_s = _timeout_s(target, command or {}, body.timeout_s)
    id_ = await _keyed(context, target["id"], idempotency_key, body)
    if id_ is None:
        _check(target, command, body)
        id_ = uuid4()
        with context.outcomes.expecting(id_) as event:
            if await _offer(context, caller, id_, target["id"], body, timeout_s, idempotency_key, code):
                await _sent(context, id_, event)
                return _told(await _outcome(context, id_, event, wait_s), response)
        id_ = await _keyed(context, target["id"], idempotency_key, body) or id_  # another request was faster
    with context.outcomes.expecting(id_) as event:
        return _told(await _outcome(context, id_, event, wait_s), response)


@router.get("/devices/{code}/commands", response_model=Page[Command], responses=responses(404))
@needs(Permission.COMMANDS_READ)
async def list_commands(
    code: Code, paging: Paged, context: Here, state: Annotated[State | None, Query()] = None
) -> Any:
    """Commands sent to a device, newest first."""
    await _target(context, code)
    wanted = {"id": None, "device": code, "state": state}
    return paging.page(await read(context, SQL.commands, {**wanted, **paging.after(_KEYS)}), _KEYS)


@router.get("/commands/{command_id}", response_model=Command, responses=responses(404))
@needs(Permission.COMMANDS_READ)
async def get_command(command_id: UUID, context: Here, wait_s: WaitQuery = 0) -> Any:
    """One command; with `wait_s`, waits up to that long for the outcome."""
    with context.outcomes.expecting(command_id) as event:
        return await _outcome(context, command_id, event, wait_s)


async def _target(context: Context, code: str) -> Row:
    found = await read(context, SQL.command_target, {"code": code})
    if not found:
        raise not_found("device", code)
    return found[0]


def _check(target: Row, command: Mapping[str, Any] | None, body: CommandBody) -> None:
    """Raise a problem unless the command may be sent now."""
    code, profile = target["code"], target["profile"]
    if target["state"] != "active":
        raise ProblemError(409, f"device '{code}' is {target['state']}: only an active one takes commands")
    if target["control_is_off"]:
        raise ProblemError(409, Sentence("refusal.control.off", code=code))
    if command is None:
        allowed = ", ".join(sorted(target["commands"])) or "none"
        raise ProblemError(403, f"the profile '{profile}' of '{code}' has no command '{body.name}'; it has: {allowed}")
    try:
        wrong = flaws(command.get("schema") or {}, body.params)
    except BrokenSchema as error:
        what = f"the schema of '{body.name}' in profile '{profile}' cannot be used: {error}"
        raise ProblemError(409, what) from error
    if wrong:
        faults = [Fault(pointer=f"/params{flaw.pointer}", problem=flaw.problem) for flaw in wrong]
        raise ProblemError(422, f"{faults[0].pointer}: {faults[0].problem}", faults)
    if target["network"] is not None:
        _check_downlink(target, command, body)
    if target["under_way"] >= MAX_UNDER_WAY:
        detail = f"{target['under_way']} commands to '{code}' are still without an outcome"
        raise ProblemError(429, detail, headers={"Retry-After": "2"})


def _timeout_s(target: Row, command: Mapping[str, Any], asked: float | None) -> float:
    """How long it has; what is asked for beyond that is a problem."""
    if target["network"] is not None:
        return network_timeout_of(asked, command.get("downlink"), target["offline_after_s"])
    if asked is not None and asked > MAX_TIMEOUT_S:
        detail = f"timeout_s is at most {MAX_TIMEOUT_S:g}: '{target['code']}' is told through no network of LoRaWAN"
        raise ProblemError(422, detail, [Fault(pointer="/timeout_s", problem=detail)])
    return asked or timeout_of(command)


def _check_downlink(target: Row, command: Mapping[str, Any], body: CommandBody) -> None:
    """Raise a problem unless the profile says what the command is for the network."""
    downlink = command.get("downlink")
    if downlink is None:
        raise ProblemError(
            409,
            Sentence(
                "refusal.command.no_downlink",
                code=target["code"], network=target["network"], name=body.name, profile=target["profile"],
            ),
        )  # fmt: skip
    try:
        payload_of(downlink, body.params)
    except DownlinkRefused as error:
        raise ProblemError(422, str(error), [Fault(pointer="/params", problem=str(error))]) from error


async def _keyed(context: Context, device_id: int, key: str | None, body: CommandBody) -> UUID | None:
    """The command with that idempotency key, if any; 422 when it was a different command."""
    if key is None:
        return None
    found = await read(context, SQL.command_keyed, {"device_id": device_id, "key": key})
    if not found:
        return None
    if (found[0]["name"], found[0]["params"]) != (body.name, body.params):
        raise ProblemError(422, f"Idempotency-Key '{key}' was used for another command: {found[0]['id']}")
    id_: UUID = found[0]["id"]
    return id_


async def _offer(
    context: Context,
    caller: Caller,
    id_: UUID,
    device_id: int,
    body: CommandBody,
    timeout_s: float,
    key: str | None,
    code: str,
) -> bool:
    """Store the command for the process that can reach the device; False when its key exists."""
    values = {"id": id_, "device_id": device_id, "name": body.name, "params": Jsonb(body.params)}
    values |= {"actor": body.actor or "api", "key": key, "timeout_s": timeout_s, "offer_s": min(OFFER_S, timeout_s)}
    async with writing(context) as conn:
        if await row(conn, SQL.command_insert, values) is None:
            return False
        detail = {"command": str(id_), "name": body.name, "params": body.params, "claimed": body.actor}
        await audit(conn, caller, "command.send", code, detail)
    return True


async def _sent(context: Context, id_: UUID, event: asyncio.Event | None) -> None:
    """Wait until sent or settled; a command not claimed in time is marked as failed."""
    woken = event or asyncio.Event()
    while context.outcomes.open and (await read(context, SQL.command_pending, {"id": id_}))[0]["pending"]:
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await woken.wait()
                woken.clear()
                continue
        async with writing(
            context
        ) as conn:  # not before: a process that has just connected says so with its first look
            if await row(conn, SQL.command_withdraw, {"id": id_}) is not None:
                return


def _not_sent(id_: UUID, why: str) -> ProblemError:
    detail = f"{why}; command {id_} is kept as failed and is not sent later: try again"
    return ProblemError(503, detail, headers={"Retry-After": "2"})


async def _outcome(context: Context, id_: UUID, event: asyncio.Event | None, wait_s: float) -> Row:
    """Wait until the command is settled, the time is up, or no more waiters are allowed."""
    deadline = asyncio.get_running_loop().time() + wait_s
    nothing = {"device": None, "state": None, "after_created_at": None, "after_id": None, "limit": 1}
    while True:
        found = await read(context, SQL.commands, {**nothing, "id": id_})
        if not found:
            raise not_found("command", id_)
        if found[0]["settled_at"] is not None or event is None or not context.outcomes.open:
            return found[0]
        try:
            async with asyncio.timeout_at(deadline):
                await event.wait()
        except TimeoutError:
            return found[0]
        event.clear()


def _told(command: Row, response: Response) -> Row:
    nobody = command["sent_at"] is command["replied_at"] is command["queued_at"] is None
    if command["state"] == "failed" and nobody:
        raise _not_sent(command["id"], command["error"])
    response.status_code = 202 if command["settled_at"] is None else 200
    response.headers["Location"] = f"/api/v1/commands/{command['id']}"
    return command
