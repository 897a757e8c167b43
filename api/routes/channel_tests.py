"""A test of a consumer's channel: a message that is clearly none of an alert, sent at once."""

import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from pydantic import BaseModel, Field

from api.context import Context, Here
from api.contract_types import Code
from api.database import audit, row, writing
from api.language import Spoken
from api.problems import not_found, responses
from api.push.channel import Accepted, Answer, Consumer, Delivery, TryAgain
from api.push.deliveries import Deliveries
from api.push.pace import PacedChannel
from api.push.proofs import note
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.store.statements import statements
from hub.words import Lang, text
from hub.words.sentence import Sentence, told

SQL = statements(__name__)

router = GuardedRouter(prefix="/consumers", tags=["consumers"])


class ChannelTest(BaseModel):
    """What the other side said to a test."""

    accepted: bool
    took_ms: int
    said: str | None = Field(description="what it answered when it accepted, at most 500 characters")
    failure: str | None = Field(description="in which way it failed, in one word")
    reason: str | None


@router.post("/{code}:test", response_model=ChannelTest, responses=responses(404))
@needs(Permission.CONSUMERS_WRITE)
async def try_consumer(code: Code, context: Here, caller: TheCaller, spoken: Spoken) -> Any:
    """Send a test through the consumer's real channel now, whether or not it is enabled, and tell what came of it.

    Its title begins with 【测试】 or [TEST]; a webhook gets it as a CloudEvent of the type ganzhi.test.
    """
    async with writing(context) as conn:
        found = await row(conn, SQL.consumer_called, {"code": code})
        if found is None:
            raise not_found("consumer", code)
        await audit(conn, caller, "consumer.test", code, {"kind": found["kind"]})
    kind: str = found.pop("kind")
    lang: Lang = found.pop("lang") or "en"
    alert = str(uuid4())
    picture = {"alert": alert, "seq": 1, "level": "blue", "title": text("push.test.title", lang), "cleared_at": None}
    delivery = Delivery(f"{alert}.1", "test", datetime.now(UTC), picture, lang, test=True)
    started = time.monotonic()
    answer = await _sent(context, kind, Consumer(**found), delivery)
    failed = None if isinstance(answer, Accepted) else answer
    return {
        "accepted": failed is None,
        "took_ms": round((time.monotonic() - started) * 1000),
        "said": answer.said if isinstance(answer, Accepted) else None,
        "failure": failed and failed.failure,
        "reason": failed and told(failed.reason, spoken),
    }


async def _sent(context: Context, kind: str, consumer: Consumer, delivery: Delivery) -> Answer:
    channel = context.channels.get(kind)
    if channel is None:
        return TryAgain(Sentence("delivery.no_channel", channel=kind), "channel")
    if isinstance(channel, PacedChannel) and not await Deliveries(context.hub_pool).take(consumer, 1, channel.pace):
        return TryAgain(Sentence("delivery.paced", seconds=f"{channel.pace.every_s:.0f}"), "busy")
    answer = await channel.send(consumer, delivery)
    await note(context.hub_pool, consumer.id, answer)
    return answer
