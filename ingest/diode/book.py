"""What the store knows of files: which numbers were taken and stored, and what was set aside."""

from collections.abc import Collection
from typing import NamedTuple

from hub.errors import TransientError
from hub.models import Micros, from_micros
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements
from ingest.diode.envelope import Envelope, Head, UnusableError

SQL = statements(__name__)


class Taken(NamedTuple):
    """A file as it was taken first: a second time makes the same of it."""

    moved: Micros
    """By how much its times are moved."""
    at: Micros
    stored: bool


class Book:
    """One row a number; the row stands before its messages are handed over, and is marked after their commit."""

    def __init__(self, pool: Pool, keep_days: float) -> None:
        self._pool, self._keep_s = pool, keep_days * 86_400
        self._known: dict[int, str] = {}

    async def take(self, envelope: Envelope, moved: Micros) -> Taken:
        """Note a file; UnusableError: its number or its neighbours have another content, or are forgotten."""
        head = envelope.head
        values = _named(head) | {
            "digest": envelope.digest, "previous": bytes.fromhex(head.previous), "messages": head.count,
            "written": from_micros(head.written), "moved_us": moved, "keep_s": self._keep_s,
            "heard": None if head.since is None else from_micros(max(0, head.until + moved)),
        }  # fmt: skip
        with sorted_errors():
            async with self._pool.connection() as conn, conn.transaction():
                await conn.execute(SQL.chain, values)
                wanted, before = await (await conn.execute(SQL.neighbours, values)).fetchone() or (None, None)
                if (wanted or envelope.digest) != envelope.digest or (before or values["previous"]) != values[
                    "previous"
                ]:
                    raise UnusableError("other_chain", f"number {head.number}", head)
                row = await (await conn.execute(SQL.take, values)).fetchone()
                if row is None:  # another process is about to take it
                    raise TransientError("another process takes it")
                digest, moved, at, stored = row
                if digest != envelope.digest:
                    raise UnusableError("other_content", f"number {head.number}", head)
                old = await (await conn.execute(SQL.is_old, values)).fetchone()
                if stored is None and old and old[0]:
                    raise UnusableError("too_old", f"number {head.number}", head)
                if stored is not None:
                    await conn.execute(SQL.again, values)
        return Taken(moved, at, stored is not None)

    async def beside(self, envelope: Envelope, moved: Micros) -> Taken:
        """Note a file whose number is another one's, and which is stored nevertheless; `stored_beside` follows."""
        values = _named(envelope.head) | {"digest": envelope.digest, "moved_us": moved}
        with sorted_errors():
            async with self._pool.connection() as conn:
                row = await (await conn.execute(SQL.beside, values)).fetchone()
        if row is None:
            raise TransientError("another process takes it")
        moved, at, stored = row
        return Taken(moved, at, stored is not None)

    async def stored_beside(self, digest: bytes) -> None:
        """Note that all messages of such a file are committed."""
        with sorted_errors():
            async with self._pool.connection() as conn:
                await conn.execute(SQL.stored_beside, {"digest": digest})

    async def stored(self, head: Head, moved: Micros, silent_s: float, devices: Collection[int]) -> None:
        """Note that all messages of a file are committed, and which devices came through its edge."""
        values = _named(head) | {
            "silent_s": silent_s, "kept_from": head.kept_from, "written": from_micros(head.written),
            "clock": head.clock, "moved_us": moved,
        }  # fmt: skip
        new = sorted(each for each in devices if self._known.get(each) != head.edge)
        with sorted_errors():
            async with self._pool.connection() as conn, conn.transaction():
                await conn.execute(SQL.stored, values)
                await conn.execute(SQL.complete, values)
                if new:
                    await conn.execute(SQL.senders, {"edge": head.edge, "devices": new})
        self._known.update(dict.fromkeys(new, head.edge))

    async def aside(self, file: str, error: UnusableError) -> None:
        """Note a file that was set aside."""
        named = dict.fromkeys(("edge", "chain", "number")) if error.head is None else _named(error.head)
        values = named | {"file": printable(file), "reason": error.reason, "detail": printable(error.detail)}
        with sorted_errors():
            async with self._pool.connection() as conn:
                await conn.execute(SQL.aside, values)

    async def dealt_with(self, files: Collection[str]) -> None:
        """Note that a file which was set aside, by one of these names, is aside no more."""
        with sorted_errors():
            async with self._pool.connection() as conn:
                await conn.execute(SQL.dealt_with, {"files": [printable(each) for each in files]})


def _named(head: Head) -> dict[str, object]:
    number = head.number if 0 < head.number < 1 << 62 else None
    return {"edge": printable(head.edge[:64]), "chain": printable(head.chain[:64]), "number": number}


def printable(text: str) -> str:
    """What a stranger wrote, as it may be stored and shown."""
    return "".join(each if each.isprintable() else "?" for each in text[:200])
