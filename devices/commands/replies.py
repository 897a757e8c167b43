"""Replies to commands, as they are committed: each to the command that its device was sent, the first one counts."""

from dataclasses import replace

import psycopg
from psycopg.types.json import Jsonb

from hub.models import Batch, DeadLetter, Reply, from_micros
from hub.store.statements import statements

SQL = statements(__name__)


async def take_replies(conn: psycopg.AsyncConnection, batch: Batch) -> None:
    """Settle the commands that a batch's replies answer, in the caller's transaction; doing it again changes nothing.

    A reply to what its device was never asked is refused: `batch.refused` gets its dead letter.
    """
    replies = {reply.index: reply for reply in batch.replies}
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
    others = {index: letter for index, letter in batch.refused.items() if index not in replies}
    if others | refused != batch.refused:  # the same dict again tells Letters that this is the same attempt
        batch.refused = others | refused


def _refusal(reply: Reply, asked: str | None, gateway: str | None) -> DeadLetter:
    """The letter of a reply to a command of another device (`asked`), or of none."""
    if asked is None:
        reason = "unknown_command"
        detail = f"no command {reply.command} was sent: reply with the id of a command as it came"
    else:
        reason = "not_its_command"
        where = f"<prefix>/{gateway}/child/{asked}/reply" if gateway else f"<prefix>/{asked}/reply"
        detail = f"command {reply.command} was sent to {asked!r}, another device: its reply goes to {where}"
    return replace(reply.letter, reason=reason, detail=detail + reply.letter.detail)
