"""Where gateways of SMS and voice calls bring their delivery receipts."""

import asyncio
import hmac
import logging
import time
from math import ceil
from typing import Annotated, Any, cast

from fastapi import BackgroundTasks, Query, Request
from pydantic import BaseModel, Field

from api.context import Context, Here
from api.contract_types import Code
from api.problems import ProblemError, responses
from api.push.receipt import BadReceiptError, ReceiptFields, Receipts, read_receipts
from api.push.receipts import note
from hub.access.cross_site import bearer_of
from hub.access.door import GuardedRouter, public
from hub.access.token_bucket import TokenBuckets
from hub.errors import HubError
from hub.secrets.sealed import Place, Secrets, SecretUnreadable
from hub.store.statements import statements

SQL = statements(__name__)
log = logging.getLogger(__name__)

BODY_LIMIT = 64 << 10
PER_ADDRESS_PER_S = 50.0
ROOM = 100
"""Calls of one address at once, beyond its rate."""
AT_ONCE = 2
"""Calls under way that are noted; each holds a connection of the pool, and others need them too."""
AGAIN_S = 2.0
"""A gateway may be faster than the note that it has accepted the message."""
_WRONG = "the secret is not that of the consumer's receipts: give it as it was shown"
_DOCUMENT = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"anyOf": [{"type": "object"}, {"type": "array"}]}},
            "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
        },
    }
}


class Taken(BaseModel):
    """What is answered, whether or not there are such messages."""

    receipts: int = Field(description="how many were read; those of no known message are dropped")


router = GuardedRouter(tags=["consumers"])


class Calls:
    """Those of each address, and those that are noted at the moment; an app has it as `state.receipts`."""

    def __init__(self, per_address_per_s: float = PER_ADDRESS_PER_S, room: int = ROOM) -> None:
        self.addresses = TokenBuckets(per_address_per_s, room=room)
        self.turns = asyncio.Semaphore(AT_ONCE)


@router.post(
    "/receipts/{consumer}",
    status_code=202,
    response_model=Taken,
    responses=responses(401, 413, 422, 429, 503),
    openapi_extra=_DOCUMENT,
)
@public("a gateway shows the secret that was made up for its receipts")
async def bring_receipts(
    consumer: Code,
    request: Request,
    context: Here,
    later: BackgroundTasks,
    token: Annotated[
        str | None, Query(max_length=200, description="instead of Authorization: Bearer, for those that cannot")
    ] = None,
) -> Any:
    """Bring receipts of messages that were accepted: a JSON object, a list, or a form (docs/CHANNELS.md).

    A receipt is no acknowledgement. Said again it changes nothing.
    """
    peer, own = request.client.host if request.client else "", cast(Calls, request.app.state.receipts)
    if wait_s := own.addresses.take(peer, time.monotonic()):
        headers = {"Retry-After": str(ceil(wait_s))}
        raise ProblemError(429, "too many receipts from one address: bring several in a list", headers=headers)
    shown = bearer_of(request) or token
    if not shown:
        raise ProblemError(401, _WRONG)
    async with own.turns:
        consumer_id, fields = await _opened(context, consumer, shown, request)
    form = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        read = read_receipts(await request.body(), form == "application/x-www-form-urlencoded", fields)
    except BadReceiptError as error:
        raise ProblemError(422, f"what came is no receipt: {error}") from error
    context.counters.receipts += len(read.reached) + len(read.failed) + read.unused
    context.counters.receipts_unknown += read.unused
    async with own.turns:
        unknown = await note(context.hub_pool, consumer_id, read)
    if unknown.reached or unknown.failed:
        later.add_task(_again, context, own.turns, consumer_id, consumer, unknown)
    return {"receipts": len(read.reached) + len(read.failed) + read.unused}


async def _opened(context: Context, code: str, given: str, request: Request) -> tuple[int, ReceiptFields]:
    """The consumer whose secret is shown. ProblemError 401 for any other, and for one that there is not."""
    async with context.hub_pool.connection() as conn:
        cursor = await conn.execute(SQL.consumer.encode(), {"code": code})
        found = await cursor.fetchone()
    secret = ""
    if found is not None:
        try:
            secret = Secrets(context.settings.secrets).open(Place("consumer", "receipt_secret", code), found[2])
        except SecretUnreadable as error:
            log.warning("receipts of %s cannot be taken: %s", code, error.sentence)
    right = hmac.compare_digest(given.encode(), secret.encode())
    if found is None or not secret or not right:
        context.refusals.count(request, 401)
        raise ProblemError(401, _WRONG)
    return found[0], ReceiptFields.model_validate(found[3])


async def _again(context: Context, turns: asyncio.Semaphore, consumer_id: int, code: str, receipts: Receipts) -> None:
    """Look once more for messages that were not known; drop what is not known then."""
    await asyncio.sleep(AGAIN_S)
    try:
        async with turns:
            unknown = await note(context.hub_pool, consumer_id, receipts)
    except HubError as error:
        log.warning("receipts of %s are dropped, and their messages stay unproven: %s", code, error)
        unknown = receipts
    context.counters.receipts_unknown += len(unknown.reached) + len(unknown.failed)
