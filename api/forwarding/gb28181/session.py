"""One registration at a superior platform, from REGISTER until it is lost: kept alive, renewed, asked and told."""

import asyncio
import logging
from collections.abc import Callable
from typing import NamedTuple

from api.forwarding.gb28181.alarms import Alarms
from api.forwarding.gb28181.answering import ROOM, Answering, Part
from api.forwarding.gb28181.directory import directory
from api.forwarding.gb28181.keepalive import Keepalive
from api.forwarding.gb28181.link import Link, SuperiorError
from api.forwarding.gb28181.news import News
from api.forwarding.gb28181.platform import Superior
from api.forwarding.gb28181.registration import Registration
from api.forwarding.gb28181.requests import AT_ONCE, Requests
from api.forwarding.gb28181.subscriptions import Subscriptions
from api.forwarding.gb28181.window import Window
from devices.codecs.gb28181.telling import Directory
from devices.sip.transactions import Transactions
from hub.backoff import jittered
from hub.errors import HubError
from hub.store.pool import Pool, sorted_errors

log = logging.getLogger(__name__)

LEAVE_S = 1.0
"""For logging out."""
_READ_S = 1.0
"""For so long a directory that was read is good for the next question: some ask for each channel at one time."""


class Times(NamedTuple):
    """In seconds."""

    idle_s: float = 0.1
    """How often it is looked whether an alarm waits."""
    news_s: float = 5.0
    """How often it is looked what is new of the directory, while somebody subscribes to it."""
    put_off_s: float = 30.0
    """Before an alarm is told again that alone was not taken; each time twice as long, up to an hour."""
    patience_s: float = 12.0
    """For the answer to a request."""
    retry_s: float = 10.0
    """Before a renewal that failed is tried again, while the registration lasts."""


class Session:
    """Of one platform; `run` once."""

    def __init__(self, superior: Superior, pool: Pool, times: Times) -> None:
        self._superior, self._pool, self._times = superior, pool, times
        self._registration = Registration(superior, pool)
        self._answering: Answering | None = None
        self._read: tuple[float, Directory] | None = None
        self._is_registered = False
        self.is_leaving = False
        """Whether nobody goes on after this session: the target is switched off, or the hub stops."""

    def take(self, octets: bytes, port: int) -> None:
        """Whatever has come over the link, and from which port."""
        if self._answering is not None:
            self._answering.take(octets, port)

    async def run(self, link: Link, password: str, works: Callable[[], object]) -> None:
        """Register and stay so; `works` is told once it is. Ends with a SuperiorError, never without. Cancelled once it
        `is_leaving`, it logs out."""
        requests = Requests(link, self._superior, password, Transactions(AT_ONCE, self._times.patience_s))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._ends(link), name="superior.link")
                await self._begin(group, link, requests, works)
        except asyncio.CancelledError:
            if self.is_leaving and self._is_registered:
                await self._leave(requests)
            raise
        except BaseExceptionGroup as errors:
            raise first(errors) from errors

    async def _leave(self, requests: Requests) -> None:
        """Log out at the platform, which waits for nobody then; one that does not answer is left all the same."""
        try:
            async with asyncio.timeout(LEAVE_S):
                await requests.register(is_leaving=True)
                await self._registration.left()
        except (HubError, TimeoutError) as error:
            log.info("%s is not told that this hub leaves: %s", self._superior.code, error)

    async def _begin(
        self, group: asyncio.TaskGroup, link: Link, requests: Requests, works: Callable[[], object]
    ) -> None:
        superior, times = self._superior, self._times
        subscriptions = Subscriptions(superior, requests, self._pool)
        keepalive = Keepalive(superior, requests, self._registration)
        alarms = Alarms(superior, requests, subscriptions, self._registration, await self._registration.responds())
        news = News(superior, subscriptions, keepalive, self._pool, ROOM[link.transport])

        async def shown(whole: Directory) -> None:
            await news.shown(whole)
            await self._registration.shown(len(whole.channels))

        async def subscribed() -> None:
            await news.begin(await self._directory())

        part = Part(link, requests, subscriptions, alarms, self._directory, shown, subscribed)
        await subscriptions.load()
        self._answering = Answering(superior, part, group)
        seconds = await requests.register()
        self._is_registered = True
        await self._registration.begun(seconds)
        works()
        group.create_task(self._renew(requests, seconds), name="superior.renew")
        group.create_task(keepalive.run(), name="superior.keepalive")
        window = Window(superior, alarms, keepalive, self._pool, times.put_off_s)
        group.create_task(window.run(times.idle_s), name="superior.alarms")
        group.create_task(self._tell_news(subscriptions, news), name="superior.news")

    async def _ends(self, link: Link) -> None:
        raise await asyncio.shield(link.ended)

    async def _renew(self, requests: Requests, seconds: int) -> None:
        """Half way; tried again while it lasts."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        pause = seconds / 2
        while True:
            await asyncio.sleep(pause)
            try:
                seconds = await requests.register()
            except SuperiorError:
                if loop.time() + self._times.retry_s >= ends:
                    raise
                pause = jittered(self._times.retry_s)
                continue
            ends, pause = loop.time() + seconds, seconds / 2
            await self._registration.renewed(seconds)

    async def _tell_news(self, subscriptions: Subscriptions, news: News) -> None:
        """Again and again; a store that is away is waited for."""
        while True:
            try:
                if subscriptions.of("Catalog") is not None:
                    await news.tell(await self._directory())
            except SuperiorError:
                raise
            except HubError as error:
                log.debug("%s is not told what is new: %s", self._superior.code, error)
            await asyncio.sleep(self._times.news_s)

    async def _directory(self) -> Directory:
        now = asyncio.get_running_loop().time()
        if self._read is None or now - self._read[0] > _READ_S:
            with sorted_errors():
                async with self._pool.connection() as conn:
                    self._read = now, await directory(conn, self._superior)
        return self._read[1]


def first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """What ended a group: a defect before anything else."""
    found = [first(each) if isinstance(each, BaseExceptionGroup) else each for each in errors.exceptions]
    return next((each for each in found if not isinstance(each, HubError)), found[0])
