"""Stores what becomes of commands: replies of devices, and what networks tell of those in their queues."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb

from hub.models import Batch, DeadLetter, Micros, from_micros
from hub.stage import Connection, Stage
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)


@dataclass(slots=True, frozen=True)
class Reply:
    """A reply to a command; the commit refuses replies to commands the device was not sent."""

    index: int
    """Of its message in the batch."""
    command: UUID
    device_id: int
    received: Micros
    body: dict[str, Any]
    """{"result": any JSON} or {"error": text}."""
    letter: DeadLetter
    """What becomes of the message when it is refused; reason and detail are then known."""


class ReceivedReplies(list[Reply]):
    """Command replies of a batch, in order of arrival."""


class NetworkOutcome(NamedTuple):
    """What a network told of a command in its queue. Commands of others are in the same queue: no letters."""

    command: UUID
    device_id: int
    received: Micros
    became: str
    """See devices/codecs/inner.py."""
    why: str | None


class NetworkOutcomes(list[NetworkOutcome]):
    """Of a batch, in order of arrival."""


class Replies(Stage):
    """Settles commands with their replies; only the first reply from the device that was asked counts."""

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Settle the commands; unsolicited replies are added to `batch.refused`."""
        if became := batch.of(NetworkOutcomes):
            await conn.execute(SQL.command_became, _columns(became))
        replies = {reply.index: reply for reply in batch.of(ReceivedReplies)}
        if not replies:
            return
        values = {
            "place": list(replies),
            "id": [reply.command for reply in replies.values()],
            "device_id": [reply.device_id for reply in replies.values()],
            "received_at": [from_micros(reply.received) for reply in replies.values()],
            "body": [Jsonb(reply.body) for reply in replies.values()],
            "error": [reply.body.get("error") for reply in replies.values()],
        }
        rows = await (await conn.execute(SQL.command_reply, values)).fetchall()
        refused = {index: _refusal(replies[index], asked, gateway) for index, asked, gateway in rows}
        batch.refused = {**batch.refused, **refused}


def _columns(became: NetworkOutcomes) -> dict[str, list[Any]]:
    return {
        "place": list(range(len(became))),
        "id": [each.command for each in became],
        "device_id": [each.device_id for each in became],
        "at": [from_micros(each.received) for each in became],
        "became": [each.became for each in became],
        "why": [each.why for each in became],
    }


def _refusal(reply: Reply, asked: str | None, gateway: str | None) -> DeadLetter:
    """Dead letter for a reply to another device's command (`asked`) or to none."""
    command = str(reply.command)
    if asked is None:
        reason, detail = "unknown_command", Sentence("refusal.reply.unknown", command=command)
    else:
        topic = Sentence("refusal.reply.topic", device=asked)
        if gateway:
            topic = Sentence("refusal.reply.child_topic", gateway=gateway, device=asked)
        reason = "not_its_command"
        detail = Sentence("refusal.reply.other", command=command, device=repr(asked), topic=topic)
    if not reply.letter.raw.payload:
        return replace(reply.letter, reason=reason, detail=Sentence("refusal.withheld", detail=detail))
    return replace(reply.letter, reason=reason, detail=detail, at="/id")
