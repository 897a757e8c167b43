"""Keeps a task for each connection that the store has, in one process of all."""

import asyncio
import logging
from abc import abstractmethod
from collections.abc import Callable, Sequence

from devices.cameras.camera_url import BadUrlError, CameraUrl, Login
from hub.backoff import Backoff
from hub.errors import HubError
from hub.models import Origin
from hub.pipeline import Sink
from hub.secrets.sealed import Secrets, SecretUnreadable
from hub.store.pool import Pool
from ingest.cameras.connections import Wanted, note, unreadable, wanted
from ingest.cameras.following import Following
from ingest.cameras.intake import Intake
from ingest.cameras.standing import Standing

EVERY_S = 2.0
"""How often connections are read, and how they do is written."""
PATIENCE = 3
"""Times in a row that it is not permitted until connections are ended: while the store was away nobody was told."""
log = logging.getLogger(__name__)
OriginOf = Callable[[str, str, str], Origin]
"""Of a protocol, a device's code and a channel ("": the device itself)."""


class Kept:
    """One connection with its task."""

    def __init__(
        self, given: Wanted, standing: Standing, following: Following | None, task: asyncio.Task[None] | None
    ) -> None:
        self.given, self.standing, self.following, self.task = given, standing, following, task


class Keeping:
    """All of some kinds; see Source in app/serve/sources.py. The hub is ready whether or not a camera is there."""

    connected, behind = True, False

    def __init__(
        self, name: str, kinds: Sequence[str], sink: Sink, pool: Pool, secrets: Secrets, permitted: Callable[[], bool]
    ) -> None:
        """While it is not `permitted` another process asks them."""
        self._name, self._kinds = name, list(kinds)
        self._pool, self._secrets, self._permitted = pool, secrets, permitted
        self._intake = Intake(sink)
        self.kept: dict[tuple[str, str], Kept] = {}
        self._refused = PATIENCE
        self._stopping = asyncio.Event()
        self._backoff = Backoff(log, "connections to cameras are read again", longest_s=10)

    @abstractmethod
    def following(self, each: Wanted, url: CameraUrl, login: Login | None) -> Following:
        """What follows a connection."""

    async def turn(self) -> None:
        """What else is to be done every EVERY_S, while connections are kept."""

    def ended(self, each: Wanted) -> None:
        """A connection is kept no more."""

    async def removed(self, each: Wanted) -> None:
        """A connection is wanted no more, by anybody; `ended` was called before."""

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
            group.create_task(self._intake.run(), name=f"{self._name}.intake")
            beside = self.beside(group)
            try:
                while not self._stopping.is_set():
                    await self._renew(group)
                    try:
                        async with asyncio.timeout(EVERY_S):
                            await self._stopping.wait()
                    except TimeoutError:
                        continue
            finally:
                for task in beside:
                    task.cancel()
                await self._end(list(self.kept))
                self._intake.stop()

    def beside(self, _group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """Tasks that live as long as connections are kept."""
        return []

    async def _renew(self, group: asyncio.TaskGroup) -> None:
        """Keep what the store has now; what it has not any more, or otherwise, is ended first."""
        try:
            found = await wanted(self._pool, self._kinds)
            self._refused = 0 if self._permitted() else self._refused + 1
            if 0 < self._refused < PATIENCE:
                return
            now = {} if self._refused else {each.key: each for each in found}
            over = [key for key, kept in self.kept.items() if key not in now or not now[key].same(kept.given)]
            gone = [] if self._refused else [self.kept[key].following for key in over]
            removed = [] if self._refused else [self.kept[key].given for key in over if key not in now]
            await self._end(over)
            for each in removed:
                await self.removed(each)
            for following in gone:
                if following is not None:
                    group.create_task(following.farewell(), name="camera.farewell")
            for key, each in now.items():
                if key in self.kept:
                    self.kept[key].given = each
                else:
                    self.kept[key] = self._opened(each, group)
            await self.turn()
            await self._note()
            self._backoff.succeeded()
        except HubError as error:  # those that are open go on
            self._backoff.failed("connections to cameras cannot be read: %s", error)

    def _opened(self, each: Wanted, group: asyncio.TaskGroup) -> Kept:
        try:
            url, login = each.opened(self._secrets)
        except (BadUrlError, SecretUnreadable) as error:
            standing = Standing()
            standing.down(unreadable(error))
            return Kept(each, standing, None, None)
        following = self.following(each, url, login)
        task = group.create_task(following.run(), name=f"camera {each.device}")
        return Kept(each, following.standing, following, task)

    async def _end(self, keys: list[tuple[str, str]]) -> None:
        gone = [self.kept.pop(key) for key in keys]
        tasks = [kept.task for kept in gone if kept.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)  # what they raise, their group tells
        for kept in gone:
            self.ended(kept.given)

    async def _note(self) -> None:
        changed = [kept for kept in self.kept.values() if kept.standing.changed]
        for kept in changed:
            kept.standing.changed = False
        try:
            await note(self._pool, [(kept.given, kept.standing) for kept in changed])
        except HubError:
            for kept in changed:
                kept.standing.changed = True
            raise
