"""Tells a superior platform that subscribes to the directory what is new of it: ON, OFF, ADD, DEL, UPDATE.

What it was told is stored after it has answered, so that what changes while the hub is away is told later, too.
"""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import NamedTuple

from psycopg import AsyncConnection

from api.forwarding.gb28181.keepalive import Keepalive
from api.forwarding.gb28181.link import SuperiorError
from api.forwarding.gb28181.platform import Superior
from api.forwarding.gb28181.subscriptions import Subscriptions
from devices.codecs.gb28181.telling import VERSIONS, Directory, catalogue, news_item, pages
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)


class Told(NamedTuple):
    """A channel as the platform knows it."""

    online: bool
    content: str


class Change(NamedTuple):
    """One piece of news."""

    channel: str
    event: str
    item: bytes


def changes(directory: Directory, known: Mapping[str, Told]) -> list[Change]:
    """What a platform does not know yet; of a channel that is other and online again, both."""
    found = [Change(id_, "DEL", news_item(id_, "DEL")) for id_ in known if id_ not in directory.channels]
    for id_, channel in directory.channels.items():
        before = known.get(id_)
        if before is None or before.content != channel.digest:
            event = "ADD" if before is None else "UPDATE"
            found.append(Change(id_, event, directory.item(channel, event)))
        if before is not None and before.online != channel.online:
            event = "ON" if channel.online else "OFF"
            found.append(Change(id_, event, news_item(id_, event)))
    return found


class News:
    """Of one connection to a platform."""

    def __init__(
        self, superior: Superior, subscriptions: Subscriptions, keepalive: Keepalive, pool: Pool, room: int
    ) -> None:
        """`room`: bytes of the items of one NOTIFY."""
        self._superior, self._subscriptions, self._keepalive = superior, subscriptions, keepalive
        self._pool, self._room = pool, room
        self._numbers = count(1)

    async def known(self) -> dict[str, Told]:
        """What it was told."""
        with sorted_errors():
            async with self._pool.connection() as conn:
                rows = await (await conn.execute(SQL.read, {"target": self._superior.id})).fetchall()
        return {channel: Told(online, content) for channel, online, content in rows}

    async def shown(self, directory: Directory) -> None:
        """It has been told all of it."""
        gone = set(await self.known()) - set(directory.channels)
        with sorted_errors():
            async with self._pool.connection() as conn, conn.transaction():
                await self._note(conn, directory, set(directory.channels), gone)

    async def begin(self, directory: Directory) -> None:
        """Who subscribes for the first time asks for the directory, too: what is there now is no news."""
        if not await self.known():
            await self.shown(directory)

    async def tell(self, directory: Directory) -> int:
        """Tell what is new, a page after the other; how much that was. SuperiorError where the platform is away; one
        that is there and does not answer in the dialog subscribes no more."""
        found = changes(directory, await self.known())
        if not found:
            return 0
        at = 0
        for page in pages([each.item for each in found], self._room):
            part = found[at : at + len(page)]
            at += len(page)
            body = catalogue(
                "Notify", next(self._numbers), self._superior.number, len(found), page,
                VERSIONS[self._superior.told.version],
            )  # fmt: skip
            dialog = self._subscriptions.of("Catalog")
            answer = await self._subscriptions.notify("Catalog", body)
            if answer is None and dialog is not None:
                if not await self._keepalive.answers():
                    raise SuperiorError(Sentence("forward.gb28181.silent", method="NOTIFY"))
                await self._subscriptions.end(dialog)
            if answer is None or answer.status >= 300:  # it does not subscribe any more
                return at - len(page)
            await self._told(directory, part)
        return len(found)

    async def _told(self, directory: Directory, part: Sequence[Change]) -> None:
        gone = {each.channel for each in part if each.event == "DEL"}
        with sorted_errors():
            async with self._pool.connection() as conn, conn.transaction():
                await self._note(conn, directory, {each.channel for each in part} - gone, gone)

    async def _note(self, conn: AsyncConnection, directory: Directory, told: set[str], gone: set[str]) -> None:
        channels = [directory.channels[id_] for id_ in sorted(told)]
        if channels:
            values = {
                "channels": [each.id for each in channels], "online": [each.online for each in channels],
                "contents": [each.digest for each in channels],
            }  # fmt: skip
            await conn.execute(SQL.put, {"target": self._superior.id, **values})
        if gone:
            await conn.execute(SQL.drop, {"target": self._superior.id, "channels": sorted(gone)})
