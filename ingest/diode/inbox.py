"""The hub's end of a data diode: a folder whose files are taken by number, each once, and moved after the COMMIT."""

import asyncio
import errno
import logging
import time
from collections.abc import Callable, Collection
from stat import S_ISREG
from typing import NamedTuple

import msgspec

from hub.backoff import Backoff
from hub.diode_settings import Diode
from hub.errors import HubError, TransientError
from hub.models import Delivery, Micros, Origin, Outcome, Raw, now_micros
from hub.pipeline import Sink
from ingest.diode.book import Book, Taken, printable
from ingest.diode.envelope import CHAIN, MAX_BODY, MAX_HEAD, Envelope, UnusableError, messages_of, opened, shift_of
from ingest.diode.folders import AGAIN, Folders, Mark, names_before
from ingest.diode.keys import Keys

log = logging.getLogger(__name__)

LOOK_S = 0.5
"""How often it is looked what has come."""
AT_ONCE = 256
"""Files of one look."""
UNDER_WAY = 8
"""Files whose messages wait for their commit; the next one is read once one of them has it."""
MAX_FILE = MAX_BODY + MAX_HEAD
SWEEP_S = 60.0
APART = ("other_content", "other_chain")
"""Reasons that a number gives: a file that somebody has taken again is stored beside its number."""
MAY_CHANGE = ("cut_short", "unreadable")
"""Reasons for which a file that came just now is waited for."""
NO_RIGHT = (errno.EACCES, errno.EPERM, errno.EROFS)
"""Of moving a file: the inbox is not the hub's, or has the sticky bit and the file is another user's."""


class _Seen(NamedTuple):
    """A file that may still be growing."""

    size: int
    since: float


Move = Callable[[str, Mark], None]
"""To `done` or `aside`."""
DevicesOf = Callable[[Collection[Origin]], set[int]]
"""Ids of the devices, and of the gateways, that messages are of."""


class Inbox:
    """A source; see app/serve/sources.py."""

    def __init__(
        self, settings: Diode, folders: Folders, keys: Keys, book: Book, sink: Sink, devices_of: DevicesOf,
        permitted: Callable[[], bool],
    ) -> None:  # fmt: skip
        """While it is not `permitted` another process takes the files."""
        self._settings, self._folders, self._keys, self._book = settings, folders, keys, book
        self._sink, self._devices_of, self._permitted = sink, devices_of, permitted
        self._silent_s = {edge.name: edge.silent_after_s for edge in settings.edges}
        self._growing: dict[str, _Seen] = {}
        self._room = asyncio.Semaphore(UNDER_WAY)
        self._busy: set[str] = set()
        """Names of files whose messages are under way."""
        self._stuck: dict[str, tuple[Move, Mark]] = {}
        """Files that were dealt with, and cannot be moved: they are not read again, and keep no other back."""
        self._stopping = asyncio.Event()
        self._swept = float("-inf")
        self._backoff = Backoff(log, "files of the data diode are taken again")

    @property
    def connected(self) -> bool:
        """Whether the folder can be read, and what is in it noted."""
        return not self._backoff.down

    @property
    def behind(self) -> bool:
        """See Source. Whether an edge is heard is told for its devices alone (diode_chain)."""
        return False

    def reasons(self) -> list[str]:
        """See Source."""
        return []

    def stop(self) -> None:
        """Take no further file."""
        self._stopping.set()

    def close(self) -> None:
        """See Source: nothing is open."""

    async def run(self) -> None:
        """Take what comes, until `stop`; what is under way then is settled by the drain, or is taken again."""
        async with asyncio.TaskGroup() as group:
            while not self._stopping.is_set():
                took = 0
                if self._permitted():
                    try:
                        took = await self._look(group)
                        self._backoff.succeeded()
                    except (OSError, HubError) as error:
                        self._backoff.failed("files of the data diode are not taken: %s", error)
                        await self._backoff.wait(self._stopping)
                if not took:
                    try:
                        async with asyncio.timeout(LOOK_S):
                            await self._stopping.wait()
                    except TimeoutError:
                        continue

    async def _look(self, group: asyncio.TaskGroup) -> int:
        names = await asyncio.to_thread(self._folders.waiting, AT_ONCE, self._busy | self._stuck.keys())
        took = 0
        for name in names:
            if self._stopping.is_set():
                break
            took += await self._take(name, group)
        if time.monotonic() - self._swept > SWEEP_S:
            self._swept = time.monotonic()
            for name, (move, mark) in list(self._stuck.items()):
                await self._moved(name, move, mark)
            await asyncio.to_thread(self._folders.sweep)
        return took

    async def _take(self, name: str, group: asyncio.TaskGroup) -> bool:
        """Hand a file over; False where it stays for later."""
        try:
            mark = await asyncio.to_thread(self._folders.mark, name)
        except FileNotFoundError:
            return False
        try:
            envelope = await asyncio.to_thread(self._read, name)
            moved = shift_of(envelope.head, now_micros(), round(self._settings.keep_days * 86_400e6))
            taken, envelope = await self._noted(name, envelope, moved)
            if taken.stored:
                await self._moved(name, self._folders.done, mark)
                return True
            raws = await asyncio.to_thread(messages_of, envelope, taken.moved, taken.at)
        except FileNotFoundError:
            return False
        except UnusableError as error:
            if error.reason in MAY_CHANGE and self._may_grow(name):
                return False
            await self._set_aside(name, mark, error)
            return True
        self._growing.pop(name, None)
        await self._room.acquire()
        self._busy.add(name)
        group.create_task(self._store(name, mark, envelope, taken.moved, raws), name=f"diode {name}")
        return True

    async def _noted(self, name: str, envelope: Envelope, moved: Micros) -> tuple[Taken, Envelope]:
        """Note the number of a file; one that is taken again beside its number has a chain that no row has, so that
        messages of two machines are told apart."""
        try:
            return await self._book.take(envelope, moved), envelope
        except UnusableError as error:
            if error.reason not in APART or not name.startswith(f"{AGAIN}/"):
                raise
        chain = f"{envelope.head.chain}-{envelope.digest.hex()[:12]}"
        head = msgspec.structs.replace(envelope.head, chain=chain)
        return await self._book.beside(envelope, moved), envelope._replace(head=head)

    async def _store(self, name: str, mark: Mark, envelope: Envelope, moved: Micros, raws: list[Raw]) -> None:
        """Wait for the commit of a file's messages, note it, and move the file; in this order."""
        try:
            if raws:
                await self._commit(raws)
            devices = self._devices_of({raw.origin for raw in raws})
            if CHAIN.fullmatch(envelope.head.chain):
                await self._book.stored(envelope.head, moved, self._silent_s[envelope.head.edge], devices)
            else:
                await self._book.stored_beside(envelope.digest)
            await self._moved(name, self._folders.done, mark)
        except (OSError, HubError) as error:  # it is there still, and is taken again: what is stored is stored once
            log.warning("%s is taken again: %s", name, error)
        finally:
            self._busy.discard(name)
            self._room.release()

    async def _commit(self, raws: list[Raw]) -> None:
        settled: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        async def settle(outcome: Outcome) -> None:
            if not settled.done():
                settled.set_result(outcome)

        await self._sink.submit(Delivery(raws, settle))
        if (await settled).superseded:
            raise TransientError("another process has taken over")

    def _read(self, name: str) -> Envelope:
        path = self._folders.inbox / name
        stat = path.lstat()
        if not S_ISREG(stat.st_mode):
            raise UnusableError("no_file", "no regular file")
        if stat.st_size > MAX_FILE:
            raise UnusableError("too_large", f"{stat.st_size} bytes")
        try:
            content = path.read_bytes()
        except PermissionError as error:  # of this file alone: others are taken
            raise UnusableError("unreadable", error.strerror or "") from error
        return opened(content, self._keys)

    def _may_grow(self, name: str) -> bool:
        """Whether a file that ends too soon may still be written: it has grown within `settle_s`."""
        try:
            size = (self._folders.inbox / name).lstat().st_size
        except FileNotFoundError:
            return True
        seen = self._growing.get(name)
        if seen is None or seen.size != size:
            seen = self._growing[name] = _Seen(size, time.monotonic())
        return time.monotonic() - seen.since < self._settings.settle_s

    async def _set_aside(self, name: str, mark: Mark, error: UnusableError) -> None:
        self._growing.pop(name, None)
        log.warning("%s is set aside: %s", printable(name), error)
        await self._book.aside(name, error)
        await self._moved(name, self._folders.aside, mark)

    async def _moved(self, name: str, move: Move, mark: Mark) -> None:
        """Move a file that was dealt with; one that may not be moved is left, and tried again with each sweep."""
        try:
            current: Mark | None = await asyncio.to_thread(self._folders.mark, name)
        except FileNotFoundError:
            current = None
        try:
            if current == mark:
                await asyncio.to_thread(move, name, mark)
                if name.startswith(f"{AGAIN}/"):
                    await self._book.dealt_with(names_before(name))
            self._stuck.pop(name, None)  # another one that came by its name is taken next
        except OSError as error:
            if error.errno not in NO_RIGHT:
                raise
            if not self._stuck:
                log.error(
                    "diode.inbox: %s cannot be moved out of it: %s; see hub check", printable(name), error.strerror
                )
            self._stuck[name] = move, mark
