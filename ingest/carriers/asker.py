"""Asks platforms for what was missed: of each device that has a gap its newest state first, and then what there was.

What is found goes the way of a push, as what came because somebody asked: it is no sign of life of its device. A gap is
done once what was found for it is committed; after a kill it is asked for again, and nothing is stored twice.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import httpx
import psycopg
from psycopg.types.json import Jsonb

from devices.carriers.asked.platforms import OFFERS
from devices.carriers.asked.talk import MAX_ANSWER, Access, Ask, Asked, Call, Found, Known, PlatformSaysNoError
from hub.access.outgoing_call import OutgoingRefused
from hub.backoff import Backoff
from hub.models import to_micros
from hub.secrets.sealed import Place, Secrets, SecretUnreadable
from hub.store.statements import statements
from hub.words.sentence import Sentence, written
from ingest.carriers.platforms import PLATFORMS
from ingest.carriers.source import PushSource
from ingest.holding import NotTakenError

SQL = statements(__name__)
log = logging.getLogger(__name__)

EVERY_S = 2.0
AT_ONCE = 20
"""Devices of a subscription in one round."""
TIMEOUT_S = 20.0
FIRST_S, LONGEST_S = 2.0, 300.0
"""Between attempts at a platform that cannot be asked."""
ATTEMPTS = 5
"""For a device that the platform says no to, a minute later, two, four, ...; then what was missed stays so."""
MARGIN_US = 60_000_000
"""Before and after a gap: what was under way, and clocks that differ."""
_LATER = (408, 425, 429, 500, 502, 503, 504)


class NotAskedError(Exception):
    """The platform cannot be asked now, whatever it is asked for"""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Waiting(NamedTuple):
    """A device whose gaps wait, as the store tells it."""

    device: int
    address: str
    product: str | None
    attempts: int
    again: bool
    """Whether its newest state is known by now."""
    asked: Asked
    until: datetime
    """The end of its newest gap."""


class Given(NamedTuple):
    """A subscription that can be asked."""

    code: str
    platform: str
    access: Access
    per_s: float
    failed: bool
    """Whether it could not the last time."""


class Asker:
    """The work of whoever leads."""

    def __init__(self, source: PushSource, secrets: Secrets, client: httpx.AsyncClient) -> None:
        """`client` goes through the guard of outgoing calls."""
        self._source, self._secrets, self._client = source, secrets, client
        self._next: dict[str, float] = {}
        """By subscription: when the next call may be made, by its rate."""
        self._until: dict[str, float] = {}
        """By subscription: until when it is not asked, for it could not be."""
        self._backoff: dict[str, Backoff] = {}

    async def work(self, conn: psycopg.AsyncConnection) -> float:
        """Ask for some devices of each subscription."""
        given = [made for row in await _rows(conn, SQL.subscriptions) if (made := self._opened(*row)) is not None]
        due = [each for each in given if self._until.get(each.code, 0.0) <= time.monotonic()]
        async with asyncio.TaskGroup() as group:
            rounds = [group.create_task(self._round(conn, each), name=f"asking {each.code}") for each in due]
        return 0.0 if any(each.result() for each in rounds) else EVERY_S

    def _opened(
        self, code: str, platform: str, url: str, id_: str, scope: str, secret: str, per_s: float, failed: bool
    ) -> Given | None:
        try:
            opened = self._secrets.open(Place("push_subscription", "api_secret", code), secret)
        except SecretUnreadable as error:
            log.warning("the platform of the subscription %s cannot be asked: %s", code, error.sentence)
            self._until[code] = time.monotonic() + LONGEST_S
            return None
        return Given(code, platform, Access(url, id_, scope, opened), per_s, failed)

    async def _round(self, conn: psycopg.AsyncConnection, given: Given) -> bool:
        """Whether more may wait."""
        offers = OFFERS.get(given.platform)
        if (backoff := self._backoff.get(given.code)) is None:
            back = "the platform of %s can be asked again"
            backoff = Backoff(log, back, given.code, first_s=FIRST_S, longest_s=LONGEST_S)
            self._backoff[given.code] = backoff
        try:
            if offers is None:
                return False
            if offers.whole and offers.history is not None:
                return await self._whole(conn, given, offers.history)
            found = await _rows(conn, SQL.due, code=given.code, platform=given.platform, limit=AT_ONCE)
            waiting = [_waiting(*row) for row in found]
            for each in waiting:
                ask = offers.history if each.again else offers.latest
                if ask is not None:
                    await self._ask(conn, given, each, ask, last=each.again or offers.history is None)
        except (NotAskedError, NotTakenError) as error:
            backoff.failed("the platform of %s cannot be asked: %s", given.code, error.sentence)
            self._until[given.code] = time.monotonic() + backoff.next_s()
            if isinstance(error, NotAskedError):
                await _note(conn, given, error.sentence)
            return False
        if waiting:
            backoff.succeeded()
            await _note(conn, given, None)
        return len(waiting) == AT_ONCE or any(not each.again and offers.history for each in waiting)

    async def _ask(
        self, conn: psycopg.AsyncConnection, given: Given, waiting: Waiting, ask: Ask, *, last: bool
    ) -> None:
        values = {"device": waiting.device, "code": given.code, "until": waiting.until}
        try:
            known = await self._talk(given, ask, waiting.asked)
        except PlatformSaysNoError as error:
            if error.access:
                raise NotAskedError(error.sentence) from None
            over = waiting.attempts + 1 >= ATTEMPTS
            told = {"why": str(error.sentence), "words": _json(error.sentence)}
            state = "latest" if waiting.again else "open"
            await conn.execute(
                SQL.refused, values | told | {"over": over, "state": state, "wait_s": 60.0 * 2**waiting.attempts}
            )
            return
        await conn.execute(SQL.told, values | {"state": known, "last": last})

    async def _whole(self, conn: psycopg.AsyncConnection, given: Given, ask: Ask) -> bool:
        """Ask once for all devices; what nobody knows of it waits to be accepted, as if it had been pushed."""
        [(begin, end)] = await _rows(conn, SQL.span, code=given.code)
        if begin is None or end is None:
            return False
        asked = Asked("", None, to_micros(begin) - MARGIN_US, to_micros(end) + MARGIN_US)
        try:
            known = await self._talk(given, ask, asked)
        except PlatformSaysNoError as error:
            raise NotAskedError(error.sentence) from None
        await conn.execute(SQL.whole, {"code": given.code, "until": end, "state": known})
        self._backoff[given.code].succeeded()
        await _note(conn, given, None)
        return False

    async def _talk(self, given: Given, ask: Ask, asked: Asked) -> Known:
        """Have a talk. PlatformSaysNoError, NotAskedError; NotTakenError while nothing can be committed."""
        talk, platform = ask(given.access, asked, time.time()), PLATFORMS[given.platform]
        step = next(talk)
        try:
            while True:
                if isinstance(step, Found):
                    await self._source.found(platform, given.code, step)
                    step = next(talk)
                else:
                    step = talk.send(await self._answer(given, step))
        except StopIteration as done:
            known: Known = done.value
            return known

    async def _answer(self, given: Given, call: Call) -> bytes:
        """Make a call when it is its turn; the answer's body."""
        await asyncio.sleep(self._next.get(given.code, 0.0) - time.monotonic())
        self._next[given.code] = time.monotonic() + 1.0 / given.per_s
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                self._client.stream(call.method, call.url, headers=dict(call.headers), content=call.body) as response,
            ):
                body = bytearray()
                async for block in response.aiter_bytes():
                    body += block
                    if len(body) > MAX_ANSWER:
                        raise PlatformSaysNoError(Sentence("refusal.asked.large", most=MAX_ANSWER >> 20))
        except OutgoingRefused as error:
            raise NotAskedError(error.sentence) from error
        except TimeoutError as error:
            raise NotAskedError(Sentence("refusal.asked.slow", seconds=f"{TIMEOUT_S:g}")) from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            what = str(error)[:200] or type(error).__name__
            raise NotAskedError(Sentence("refusal.asked.away", error=what)) from error
        return _judged(response.status_code, bytes(body))


def _judged(status: int, body: bytes) -> bytes:
    if status == httpx.codes.OK:
        return body
    told = f"{status} {body[:200].decode('utf-8', 'replace')}".strip()
    sentence = Sentence("refusal.asked.no", told=told)
    if status in _LATER:
        raise NotAskedError(sentence)
    raise PlatformSaysNoError(sentence, access=status in (401, 403))


def _waiting(
    device: int, address: str, product: str | None, attempts: int, again: bool, begin: datetime, end: datetime
) -> Waiting:
    asked = Asked(address, product, to_micros(begin) - MARGIN_US, to_micros(end) + MARGIN_US)
    return Waiting(device, address, product, attempts, again, asked, end)


async def _note(conn: psycopg.AsyncConnection, given: Given, sentence: Sentence | None) -> None:
    """Why it cannot be asked now; None: it can."""
    if sentence is not None or given.failed:
        text = None if sentence is None else str(sentence)
        words = None if sentence is None else _json(sentence)
        await conn.execute(SQL.note, {"code": given.code, "error": text, "words": words})


def _json(sentence: Sentence) -> object:
    return Jsonb(written(sentence))


async def _rows(conn: psycopg.AsyncConnection, statement: str, **values: object) -> Sequence[tuple[Any, ...]]:
    return await (await conn.execute(statement, values)).fetchall()
