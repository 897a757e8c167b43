"""Last-seen time of each device: current in memory, flushed to the store every few seconds."""

from typing import NamedTuple

import numpy as np
import psycopg
from numpy.typing import NDArray

from hub.models import Batch, Micros
from hub.stage import Stage
from hub.store.binary_copy import EPOCH_2000, pack
from hub.store.statements import statements

SQL = statements(__name__)

NEVER = np.iinfo(np.int64).min


class Heard(NamedTuple):
    """Parallel arrays: device id, microseconds UTC of its last message, seconds that its clock is ahead or NaN."""

    devices: NDArray[np.int64]
    at: NDArray[np.int64]
    offset: NDArray[np.float64]


class SeenDevices(dict[int, tuple[Micros, Micros]]):
    """By device id: arrival of its last readable message, and the newest timestamp in it, or 0."""


class LastSeen(Stage):
    """Growable arrays by device id, written outside of commits; see devices/health/heartbeat.py."""

    def __init__(self) -> None:
        self.at = np.full(1024, NEVER, np.int64)
        """Microseconds UTC of the last message."""
        self._offset = np.full(1024, np.nan)
        """Seconds by which the device's clock is ahead, the most of what was measured since the last flush: what was
        buffered, or was long under way, only makes it less."""
        self._dirty = np.zeros(1024, np.bool_)

    def adopt(self, batch: Batch) -> None:
        """Record the devices seen in a committed batch; 0.2 µs per device."""
        life = batch.of(SeenDevices)
        if not life:
            return
        devices = np.fromiter(life, np.int64, len(life))
        times = np.array(list(life.values()), np.int64)
        self._reserve(int(devices.max()))
        received, told = times[:, 0], times[:, 1]
        newer = received > self.at[devices]
        devices, received, told = devices[newer], received[newer], told[newer]
        self.at[devices] = received
        offset = np.where(told > 0, (told - received) / 1e6, np.nan)
        self._offset[devices] = np.fmax(self._offset[devices], offset)
        self._dirty[devices] = True

    def take(self) -> "Heard":
        """Take the changes since the last call; `give_back` them if they cannot be written."""
        devices = np.flatnonzero(self._dirty)
        heard = Heard(devices, self.at[devices], self._offset[devices])
        self._dirty[devices] = False
        self._offset[devices] = np.nan
        return heard

    def give_back(self, heard: "Heard") -> None:
        """Return changes that could not be written; the next `take` includes them."""
        self._dirty[heard.devices] = True
        self._offset[heard.devices] = np.fmax(self._offset[heard.devices], heard.offset)

    def _reserve(self, device: int) -> None:
        if device >= len(self.at):
            more = max(device + 1, 2 * len(self.at)) - len(self.at)
            self.at = np.append(self.at, np.full(more, NEVER))
            self._offset = np.append(self._offset, np.full(more, np.nan))
            self._dirty = np.append(self._dirty, np.zeros(more, np.bool_))


async def write_heard(conn: psycopg.AsyncConnection, heard: Heard) -> None:
    """Upsert into device_seen within the caller's transaction."""
    if not len(heard.devices):
        return
    await conn.execute(SQL.staging)
    async with conn.cursor().copy("copy seen_staging from stdin (format binary)") as copy:
        await copy.write(pack((">i4", ">i8", ">f8"), heard.devices, heard.at - EPOCH_2000, heard.offset))
    await conn.execute(SQL.merge)


def heard_until(batch: Batch) -> Micros | None:
    """Time until which a committed batch proves that everything was received.

    Of a log it is the oldest message, for some partitions may lag behind; what third parties stamped does not count.
    """
    if not batch.positions:
        return batch.raws[0].received if batch.raws else None
    return min([raw.received for raw in batch.raws if raw.origin.transport != "kafka"], default=None)
