"""Commit of an edge behind a data diode: its messages are on the disk in a numbered, signed file."""

import asyncio
import hashlib
import logging
import time

from devices.addressing import LISTENING
from devices.codecs.heartbeat import decode_heartbeat
from hub.diode_settings import Diode
from hub.errors import ConfigError, TransientError
from hub.models import HUB, Batch, Micros, Raw, now_micros
from hub.store.clock import synchronised
from ingest.diode.archive import Archive
from ingest.diode.envelope import Clock, Head, packed, parted, sealed
from ingest.diode.keys import id_of, read_private
from ingest.resting import Resting

log = logging.getLogger(__name__)
SWEEP_S = 30.0
"""Between two looks for what is too old."""


class Outbox:
    """Writes files, one after the other."""

    def __init__(self, settings: Diode) -> None:
        """ConfigError: its key is none."""
        if settings.edge is None or settings.key is None or settings.archive is None:
            raise ConfigError("diode.edge, diode.key and diode.archive belong together")
        self._settings = settings
        self._key = read_private(settings.key.get_secret_value())
        self._id = id_of(self._key.public_key())
        self.archive = Archive(settings.archive, settings.outbox, settings.edge, settings.keep_days, settings.keep_mb)
        self.written = asyncio.Event()
        """Set with each file; who waits for it clears it."""
        self._resting = Resting()
        self._heard: tuple[Micros | None, Micros] = None, 0
        self._last = self._swept = float("-inf")

    async def open(self) -> None:
        """Take the archive. ConfigError."""
        try:
            await asyncio.to_thread(self.archive.open)
        except OSError as error:
            raise ConfigError(f"diode.archive or diode.outbox: {error}") from error
        log.info(
            "edge %s writes number %d of the chain %s next, and keeps from %d on",
            self.archive.edge, self.archive.next, self.archive.chain, self.archive.kept_from,
        )  # fmt: skip

    def close(self) -> None:
        """Leave the archive."""
        self.archive.close()

    async def commit(self, batch: Batch) -> None:
        """Return once the messages of a batch are on the disk and in the outbox. TransientError: they may be in part.

        What is written twice then is stored once, for a repeat has the same time of arrival.
        """
        raws = [raw for raw in await self._resting.of(batch) if raw.origin.transport != HUB]
        for raw in batch.raws:
            if raw.origin.transport == HUB and raw.origin.form == LISTENING:
                self._heard = next(iter(decode_heartbeat(raw.payload).values()), self._heard)
        if not raws and time.monotonic() - self._last < self._settings.heartbeat_s:
            return
        try:
            await asyncio.to_thread(self._write, raws)
        except OSError as error:
            raise TransientError(f"{self._settings.archive}: {error.strerror or error}") from error
        self._resting.written()
        self._last = time.monotonic()
        self.written.set()

    def _write(self, raws: list[Raw]) -> None:
        self._sweep()
        if self._settings.removes and self.archive.is_over:
            raise TransientError(
                f"the diode takes nothing from {self._settings.outbox}, and diode.keep_mb is full: devices keep "
                "what they have"
            )
        parts = parted(raws, self._settings.file_mb << 20)
        for place, part in enumerate(parts):
            # Until then everything is in this file or in one before it: not before the last part.
            heard = self._heard if place == len(parts) - 1 else (None, 0)
            count, size, body = packed(part)
            head = Head(
                self.archive.edge, self.archive.chain, self.archive.next, self.archive.digest, self._id, count, size,
                len(body), hashlib.sha256(body).hexdigest(), now_micros(), _clock(), *heard, self.archive.kept_from,
            )  # fmt: skip
            lines, digest = sealed(head, body, self._key)
            self.archive.write(lines, digest.hex(), body)

    def _sweep(self) -> None:
        if time.monotonic() - self._swept < SWEEP_S and not self.archive.is_over:
            return
        self._swept = time.monotonic()
        if gone := self.archive.forget(handed=self._settings.removes):
            log.warning(
                "numbers %d to %d of the chain %s are not kept any more: they were too old, or too much",
                gone[0], gone[-1], self.archive.chain,
            )  # fmt: skip


def _clock() -> Clock:
    right = synchronised()
    return "unknown" if right is None else "right" if right else "unsure"
