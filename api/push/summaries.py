"""Summaries of storms in the outbox: claimed with a lease, with the changes that they name."""

from collections.abc import Collection
from dataclasses import dataclass

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from api.cloudevents import message_id
from api.push.channel import Summary
from api.push.deliveries import Claimed, as_told, claimed, seen
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements
from hub.words.sentence import Sentence, written

SQL = statements(__name__)


@dataclass(slots=True, frozen=True)
class ClaimedSummary(Claimed):
    """A claimed summary."""

    summary: Summary


class Summaries:
    """They raise StoreUnavailable."""

    def __init__(self, pool: Pool, page: str | None = None) -> None:
        """`page` is the address of the hub's page, for links."""
        self._pool, self._page = pool, page

    async def claim(self, limit: int, lease_s: float, but: Collection[int] = ()) -> list[ClaimedSummary]:
        """Claim summaries that are due until the lease ends: of each consumer the first, but for some consumers.

        What the organisation of a consumer may not see any more is left out; a summary of nothing else is given up.
        """
        found = list[ClaimedSummary]()
        with sorted_errors():
            async with self._pool.connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
                values = {"limit": limit, "lease_s": lease_s, "consumers": list(but)}
                for row in await (await cursor.execute(SQL.claim, values)).fetchall():
                    changes = await (await cursor.execute(SQL.named, row)).fetchall()
                    named = await seen(conn, [row | change for change in changes])
                    if named:
                        told = await as_told(cursor, named, self._page)
                        row["shares"] = tuple({share for each in named for share in each["shares"]})
                        found.append(ClaimedSummary(*claimed(row), Summary(message_id(row), row["created_at"], told)))
                    else:
                        reason = Sentence("routing.owner", owner=row["owner"] or "")
                        await conn.execute(SQL.give_up, {"id": row["id"], **_words(reason)})
        return found

    async def dissolve(self, summary: ClaimedSummary, reason: str) -> None:
        """Send singly what a summary names, for the consumer does not take it: one transaction."""
        with sorted_errors():
            async with self._pool.connection() as conn:
                await conn.execute(SQL.dissolve, {"id": summary.id, **_words(reason)})


def _words(reason: str) -> dict[str, object]:
    words = written(reason)
    return {"reason": str(reason), "words": None if words is None else Jsonb(words)}
