"""Asks cameras for their events: a task for each connection that the store has, in one process of all."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from functools import partial

from devices.cameras.camera_url import BadUrlError
from devices.cameras.gat1400_service import Gat1400Service
from devices.cameras.http_peer import HttpPeer
from devices.cameras.isapi_service import IsapiService
from devices.cameras.onvif_service import OnvifService
from hub.access.outgoing import Outgoing
from hub.backoff import Backoff
from hub.errors import HubError
from hub.models import Origin
from hub.pipeline import Sink
from hub.secrets.sealed import Secrets, SecretUnreadable
from hub.store.pool import Pool
from hub.viid_settings import Viid
from ingest.cameras.alerts import Alerts, Pass
from ingest.cameras.connections import Wanted, note, unreadable, wanted
from ingest.cameras.following import OPENING, Following
from ingest.cameras.gat1400 import Gat1400Following
from ingest.cameras.intake import Intake
from ingest.cameras.isapi import IsapiFollowing
from ingest.cameras.onvif import OnvifFollowing
from ingest.cameras.standing import Standing
from ingest.unwanted import Unwanted

log = logging.getLogger(__name__)

EVERY_S = 2.0
"""How often connections are read, and how they do is written."""
PATIENCE = 3
"""Times in a row that it is not permitted until connections are ended: while the store was away nobody was told."""
OriginOf = Callable[[str, str, str], Origin]
"""Of a protocol, a device's code and a channel ("": the device itself)."""


class _Kept:
    """One connection with its task."""

    def __init__(
        self, given: Wanted, standing: Standing, task: asyncio.Task[None] | None = None,
        following: Following | None = None,
    ) -> None:  # fmt: skip
        self.given, self.standing, self.task, self.following = given, standing, task, following


class CameraSource:
    """All of them; see Source in app/serve/sources.py. The hub is ready whether or not a camera is there."""

    connected, behind = True, False

    def __init__(
        self, sink: Sink, pool: Pool, secrets: Secrets, outgoing: Outgoing, tls: ssl.SSLContext, origin: OriginOf,
        gate: Pass, permitted: Callable[[], bool], viid: Viid, unwanted: Unwanted,
    ) -> None:  # fmt: skip
        """While it is not `permitted` another process asks them. `viid`: who the hub is to view libraries."""
        self._viid, self._unwanted = viid, unwanted
        self._pool, self._secrets, self._outgoing, self._tls = pool, secrets, outgoing, tls
        self._origin, self._gate, self._permitted = origin, gate, permitted
        self._intake = Intake(sink)
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._opening = asyncio.Semaphore(OPENING)
        self._refused = PATIENCE
        self._stopping = asyncio.Event()
        self._backoff = Backoff(log, "connections to cameras are read again", longest_s=10)

    def reasons(self) -> list[str]:
        """Nothing of it keeps the hub from being ready."""
        return []

    def stop(self) -> None:
        """Ask nobody any more."""
        self._stopping.set()

    def close(self) -> None:
        """Nothing is open once `run` has returned."""

    async def run(self) -> None:
        """Keep all connections until `stop`; returns once what came is handed over."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._intake.run(), name="cameras.intake")
            refusing = group.create_task(self._refuse(), name="cameras.unwanted")
            try:
                while not self._stopping.is_set():
                    await self._renew(group)
                    try:
                        async with asyncio.timeout(EVERY_S):
                            await self._stopping.wait()
                    except TimeoutError:
                        continue
            finally:
                refusing.cancel()
                await self._end(list(self._kept))
                self._intake.stop()

    async def _refuse(self) -> None:
        """Have subscriptions ended by which persons came, whichever library they are at."""
        while True:
            subscription = await self._unwanted.next()
            for kept in list(self._kept.values()):
                if kept.following is not None:
                    await kept.following.refuse(subscription)

    async def _renew(self, group: asyncio.TaskGroup) -> None:
        """Keep what the store has now; what it has not any more, or otherwise, is ended first."""
        try:
            found = await wanted(self._pool)
            self._refused = 0 if self._permitted() else self._refused + 1
            if 0 < self._refused < PATIENCE:
                return
            now = {} if self._refused else {each.key: each for each in found}
            over = [key for key, kept in self._kept.items() if key not in now or not now[key].same(kept.given)]
            gone = [] if self._refused else [self._kept[key].following for key in over]
            await self._end(over)
            for following in gone:
                if following is not None:
                    group.create_task(following.farewell(), name="camera.farewell")
            for key, each in now.items():
                if key in self._kept:
                    self._kept[key].given = each
                else:
                    self._kept[key] = self._opened(each, group)
            await self._note()
            self._backoff.succeeded()
        except HubError as error:  # those that are open go on
            self._backoff.failed("connections to cameras cannot be read: %s", error)

    def _opened(self, each: Wanted, group: asyncio.TaskGroup) -> _Kept:
        try:
            url, login = each.opened(self._secrets)
        except (BadUrlError, SecretUnreadable) as error:
            standing = Standing()
            standing.down(unreadable(error))
            return _Kept(each, standing)
        peer = HttpPeer(url, login, self._outgoing, self._tls)
        origin = partial(self._origin, each.kind, each.device)
        following: Following
        if each.kind == "isapi":
            alerts = Alerts(each.device, origin, partial(self._channels, each.key), self._intake.put, self._gate)
            following = IsapiFollowing(each.device, IsapiService(peer), alerts, self._opening)
        elif each.kind == "gat1400":
            library = Gat1400Service(peer, self._viid.id, each.number)
            following = Gat1400Following(each.device, library, each.changed_at, self._viid.url, self._opening)
        else:
            service = OnvifService(peer, login)
            following = OnvifFollowing(each.device, service, origin, self._intake.put, self._opening)
        task = group.create_task(following.run(), name=f"camera {each.device}")
        return _Kept(each, following.standing, task, following)

    def _channels(self, key: tuple[str, str]) -> tuple[str, ...]:
        kept = self._kept.get(key)
        return () if kept is None else kept.given.channels

    async def _end(self, keys: list[tuple[str, str]]) -> None:
        tasks = [task for key in keys if (task := self._kept.pop(key).task) is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)  # what they raise, their group tells

    async def _note(self) -> None:
        changed = [kept for kept in self._kept.values() if kept.standing.changed]
        for kept in changed:
            kept.standing.changed = False
        try:
            await note(self._pool, [(kept.given, kept.standing) for kept in changed])
        except HubError:
            for kept in changed:
                kept.standing.changed = True
            raise
