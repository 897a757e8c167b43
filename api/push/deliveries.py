"""The outbox table: pending deliveries, claimed with a lease and settled once."""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb

from api.cloudevents import message_id, picture_for
from api.push.channel import Consumer, Delivery, Expected, Failure
from api.push.pace import Pace
from api.push.proofs import failing
from api.push.windows import Room
from hub.access.classification import Level, level_named
from hub.access.shares import count_uses
from hub.alerts.recipients import sights
from hub.alerts.routing import Sight
from hub.alerts.titles import title_in
from hub.errors import StoreRefused
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements
from hub.words.sentence import Sentence, written

SQL = statements(__name__)

log = logging.getLogger(__name__)

_WITHOUT_OWNER = Sight(Level.CORE)


@dataclass(slots=True, frozen=True)
class Claimed:
    """What is claimed for one consumer."""

    id: int
    alert_id: str
    """Of a summary an id of its own."""
    attempts: int
    """This one included."""
    age_s: float
    channel: str
    consumer: Consumer
    shares: tuple[UUID, ...]
    """By which the organisation of the consumer sees it; none: it sees it without one."""


@dataclass(slots=True, frozen=True)
class ClaimedDelivery(Claimed):
    """A claimed delivery of one alert change."""

    delivery: Delivery


_Accepted = tuple[Claimed, str | None, int, Expected | None]
"""What was accepted: what was said, in how many ms, and which receipt is to come."""


class Deliveries:
    """They raise StoreUnavailable."""

    def __init__(self, pool: Pool, page: str | None = None) -> None:
        """`page` is the address of the hub's page, for links."""
        self._pool, self._page = pool, page
        self._accepted = dict[int, _Accepted]()
        """By delivery: what is to be noted as accepted."""
        self._being_noted = dict[int, _Accepted]()
        """Of these the statement that notes them is on its way."""
        self._noting = asyncio.Lock()

    async def claim(
        self, limit: int, room: int, rooms: Mapping[int, Room], lease_s: float, paced: Collection[str] = ()
    ) -> list[ClaimedDelivery]:
        """Claim due deliveries until the lease ends; at most `room` (or rooms[consumer id].more) per consumer.

        Where there are more than `limit`, each goes to who has least under way.

        None for consumers of the kinds `paced`.
        """
        return await self._claim(
            SQL.claim,
            limit=limit,
            room=room,
            consumers=list(rooms),
            rooms=[each.more for each in rooms.values()],
            taken=[each.taken for each in rooms.values()],
            lease_s=lease_s,
            paced=list(paced),
        )

    async def claim_paced(
        self, paced: Collection[str], room: int, but: Collection[int], lease_s: float
    ) -> list[ClaimedDelivery]:
        """Claim what is due for consumers of these kinds, but for some; at most `room` of each, first reds first."""
        return await self._claim(SQL.claim_paced, paced=list(paced), room=room, consumers=list(but), lease_s=lease_s)

    async def _claim(self, statement: str, **values: object) -> list[ClaimedDelivery]:
        await self._note_left()
        known = {*self._accepted, *self._being_noted}
        with sorted_errors():
            async with self._pool.connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
                due = await (await cursor.execute(statement.encode(), values)).fetchall()
                rows = await _still_seen(conn, [row for row in due if row["id"] not in known])
                told = await as_told(cursor, rows, self._page)
        return [ClaimedDelivery(*claimed(row), delivery) for row, delivery in zip(rows, told, strict=True)]

    async def take(self, consumer: Consumer, wanted: int, pace: Pace) -> int:
        """How many of the wanted messages may be sent to a consumer now, across processes; they count as sent.

        A negative number gives back what was not sent.
        """
        values = {"consumer_id": consumer.id, "wanted": wanted, "burst": pace.burst, "every_s": pace.every_s}
        with sorted_errors():
            async with self._pool.connection() as conn:
                found = await (await conn.execute(SQL.pace, values)).fetchone()
        return 0 if found is None else int(found[0])

    async def not_now(self, deliveries: Sequence[Claimed], wait_s: float) -> None:
        """Give back what was claimed and not tried."""
        await self._run(SQL.not_now, ids=[each.id for each in deliveries], wait_s=wait_s)

    async def delivered(self, delivery: Claimed, said: str, took_ms: int, expected: Expected | None = None) -> None:
        """Note that it was accepted, with what the consumer said, how long it took, and which receipt is to come.

        What is accepted while a statement is on its way is noted by the next one together: a transaction each took more
        than the call. What could not be noted is noted with the next, too.
        """
        self._accepted[delivery.id] = (delivery, said or None, took_ms, expected)
        await self._note_all()

    async def _note_all(self) -> None:
        """Note all that was accepted and is not noted yet."""
        async with self._noting:
            noted, self._accepted, self._being_noted = self._accepted, {}, self._accepted
            if not noted:
                return
            try:
                with sorted_errors():
                    async with self._pool.connection() as conn:
                        await _note(conn, list(noted.values()))
            except StoreRefused:
                raise  # as it would be each time
            except BaseException:
                self._accepted = noted | self._accepted
                raise
            finally:
                self._being_noted = {}

    async def _note_left(self) -> None:
        """Before a claim, note what could not be noted: its lease runs out, and it would be sent again."""
        if not self._accepted:
            return
        try:
            await self._note_all()
        except StoreRefused as error:
            log.warning("deliveries that were accepted cannot be noted and go out again: %s", error)

    async def later(
        self, delivery: Claimed, wait_s: float, reason: str, failure: Failure, took_ms: int, hold_s: float = 0.0
    ) -> None:
        """Reschedule after wait_s seconds, holding back later deliveries of the same alert.

        For hold_s seconds nothing at all is claimed for its consumer, by no process.
        """
        await self._run(
            SQL.later,
            id=delivery.id,
            consumer_id=delivery.consumer.id,
            alert_id=delivery.alert_id,
            wait_s=wait_s,
            hold_s=hold_s,
            took_ms=took_ms,
            **_told(reason, failure),
        )
        await self._failing(delivery.consumer, failure)

    async def give_up(self, delivery: Claimed, reason: str, failure: Failure, took_ms: int) -> None:
        await self._run(SQL.give_up, id=delivery.id, took_ms=took_ms, **_told(reason, failure))
        await self._failing(delivery.consumer, failure, given_up=True)

    async def gone(self, consumer: Consumer, reason: str) -> None:
        """Disable the consumer and drop its pending deliveries."""
        await self._run(SQL.gone, consumer_id=consumer.id, **_told(reason, "gone"))
        await self._failing(consumer, "gone")

    async def expire(self, give_up_s: float) -> None:
        """Drop deliveries that waited too long for a disabled consumer."""
        await self._run(SQL.expire, give_up_s=give_up_s, **_told(Sentence("delivery.switched_off"), None))

    async def _failing(self, consumer: Consumer, failure: Failure, *, given_up: bool = False) -> None:
        with sorted_errors():
            async with self._pool.connection() as conn:
                await failing(conn, consumer.id, failure, given_up=given_up)

    async def _run(self, name: str, **values: object) -> None:
        with sorted_errors():
            async with self._pool.connection() as conn:
                await conn.execute(name, values)


async def _note(conn: AsyncConnection, accepted: Sequence[_Accepted]) -> None:
    """Note what was accepted, and each of it as a use of the shares by which it was seen, once."""
    in_order = sorted(accepted, key=lambda each: each[0].id)  # in which rows are locked
    claims, said, took, expected = map(list, zip(*in_order, strict=True))
    values = {"ids": [each.id for each in claims], "consumer_ids": [each.consumer.id for each in claims]}
    values |= {"said": said, "took_ms": took}
    values |= {"message_ids": [each and each.message_id for each in expected]}
    values |= {"within_s": [each and each.within_s for each in expected]}
    if not any(each.shares for each in claims):
        await conn.execute(SQL.delivered, values)
        return
    async with conn.transaction():
        new = {id_ for (id_,) in await (await conn.execute(SQL.delivered, values)).fetchall()}
        settled = [each for each in claims if each.id in new]
        await count_uses(conn, [(each.consumer.code, share) for each in settled for share in each.shares])


async def _still_seen(conn: AsyncConnection, rows: list[DictRow]) -> list[DictRow]:
    """Give up what the organisation of its consumer may not see any more, and leave it out."""
    still = await seen(conn, rows)
    for row in rows:
        if row["up_to"] is None:
            reason = Sentence("routing.owner", owner=row["owner"])
            await conn.execute(SQL.give_up, {"id": row["id"], "took_ms": None, **_told(reason, None)})
    return still


async def seen(conn: AsyncConnection, rows: list[DictRow]) -> list[DictRow]:
    """What the organisation of its consumer may still see.

    Each knows up to which level its consumer is told (`up_to`): its ceiling, or a lower one of the `shares` it sees by.
    """
    owned = {(row["alert_id"], row["owner"]) for row in rows if row["owner"] is not None}
    found = await sights(conn, owned)
    for row in rows:
        sight = found.get((row["alert_id"], row["owner"]), _WITHOUT_OWNER)
        row["up_to"] = None if sight is None else min(Level(sight.ceiling), level_named(row["ceiling"]))
        row["shares"] = () if sight is None else sight.shares
    return [row for row in rows if row["up_to"] is not None]


async def as_told(cursor: AsyncCursor[DictRow], rows: list[DictRow], page: str | None) -> list[Delivery]:
    """Changes as their consumers get them; rows of `seen`, with consumers and pictures."""
    await retitle(cursor, [row for row in rows if row["lang"] is not None])
    for row in rows:
        row["picture"] = picture_for(row, row["up_to"], page)
    places = await _places(cursor, [row for row in rows if row["channel"] != "webhook"])
    await _readings(cursor, [row for row in rows if row["channel"] == "mail" and row["until_cursor"] is None])
    return [_delivery(row, places) for row in rows]


async def retitle(cursor: AsyncCursor[DictRow], rows: list[DictRow]) -> None:
    """Put titles into the pictures of changes (alert_id, picture) in the language (lang) of their consumers."""
    if not rows:
        return
    await cursor.execute(SQL.names, {"alerts": [row["alert_id"] for row in rows]})
    names = {row["alert_id"]: row for row in await cursor.fetchall()}
    for row in rows:
        if found := names.get(row["alert_id"]):
            title = title_in(row["lang"], row["picture"], found, found["names"])
            row["picture"] = row["picture"] | {"title": title}


async def _places(cursor: AsyncCursor[DictRow], rows: list[DictRow]) -> dict[str, str]:
    """Names of the regions in these pictures, as far as their ceilings left them."""
    codes = {region for row in rows if (region := row["picture"].get("region"))}
    if not codes:
        return {}
    await cursor.execute(SQL.places, {"codes": sorted(codes)})
    return {row["code"]: row["name"] for row in await cursor.fetchall()}


async def _readings(cursor: AsyncCursor[DictRow], rows: list[DictRow]) -> None:
    """Put readings around their changes into these rows, where the ceiling has left the value."""
    wanted = [row["alert_id"] for row in rows if row["picture"].get("value") is not None]
    if not wanted:
        return
    await cursor.execute(SQL.readings, {"alerts": wanted})
    found = {row["alert_id"]: list(zip(row["times"], row["values"], strict=True)) for row in await cursor.fetchall()}
    for row in rows:
        row["readings"] = found.get(row["alert_id"], [])


def _delivery(row: DictRow, places: Mapping[str, str]) -> Delivery:
    picture = row["picture"]
    place = places.get(picture.get("region") or "")
    return Delivery(
        message_id(row), row["kind"], row["at"], picture, row["lang"] or "en", place, readings=row.get("readings", ())
    )


def claimed(row: DictRow) -> tuple[int, str, int, float, str, Consumer, tuple[UUID, ...]]:
    """The members of Claimed."""
    consumer = Consumer(
        row["consumer_id"], row["code"], row["url"], row["secret"], row["login"], row["query"], row["settings"]
    )
    return row["id"], str(row["alert_id"]), row["attempts"], row["age_s"], row["channel"], consumer, row["shares"]


def _told(reason: str, failure: Failure | None) -> dict[str, object]:
    words = written(reason)
    return {"reason": str(reason), "words": None if words is None else Jsonb(words), "failure": failure}
