"""Connection from the reading process to one worker: blocks are sent in order and resent until answered."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from hub.models import Raw
from ingest.handover.blocks import Answer, Block, Mark, Totals, encode, read_answer

log = logging.getLogger(__name__)

RETRY_S = 0.05
"""Between attempts to reach a worker that is starting; a local socket that refuses costs nothing."""

MARK_BUFFER_BYTES = 1 << 20
"""A worker that has so much to read gets no marks: they would add up while it stands still."""

SILENCE_S = 5.0
"""A worker that has said nothing for so long is not ready; it gives a sign of life each half second."""


class Link:
    """Buffers blocks until the worker has answered them, and resends them in order after a reconnect."""

    def __init__(
        self, name: str, path: Path, answered: Callable[[Answer], Awaitable[None]], counted: Callable[[Totals], None]
    ) -> None:
        """`answered` is called once per committed block; `counted` with the increase of the counters."""
        self._name, self._path, self._answered, self._counted = name, path, answered, counted
        self._unanswered: dict[int, bytes] = {}
        self._number = 0
        self._writer: asyncio.StreamWriter | None = None
        self._process, self._totals = 0, Totals()
        self._last: Answer | None = None
        self._heard_at = 0.0
        self._was_up = False

    def send(self, raws: list[Raw]) -> int:
        """Send a block now or once the worker is connected; returns its number."""
        self._number += 1
        frame = self._unanswered[self._number] = encode(Block.of(self._number, raws))
        if self._writer is not None:
            self._writer.write(frame)  # not drained: the dispatcher bounds what is unanswered
        return self._number

    def tell(self, mark: Mark) -> None:
        """Send a mark behind all blocks; left out while the worker is away or does not read: the next one will do."""
        if self._writer is not None and self._writer.transport.get_write_buffer_size() < MARK_BUFFER_BYTES:
            self._writer.write(encode(Block(0, [], mark)))

    @property
    def devices_known(self) -> int:
        """Number of registered devices in the worker; 0 while disconnected."""
        return self._last.devices_known if self._writer is not None and self._last is not None else 0

    def reasons(self) -> list[str]:
        """Why the worker is not ready; empty when it is."""
        if self._writer is None or self._last is None:
            return [f"{self._name} is not there"]
        if asyncio.get_running_loop().time() - self._heard_at > SILENCE_S:
            return [f"{self._name} does not answer"]
        return [f"{self._name}: {reason}" for reason in self._last.not_ready]

    async def run(self) -> None:
        """Stay connected forever."""
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_unix_connection(self._path)
                try:
                    await self._converse(reader, writer)
                except (OSError, EOFError) as error:
                    log.debug("%s: the connection ended: %s", self._name, error)
                finally:
                    self._writer = self._last = None
                    writer.close()
            await asyncio.sleep(RETRY_S)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.writelines(list(self._unanswered.values()))
        self._writer = writer
        if self._was_up:
            log.warning("%s is back; %d blocks go to it again", self._name, len(self._unanswered))
        self._was_up = True
        while True:
            answer = await read_answer(reader)
            self._last, self._heard_at = answer, asyncio.get_running_loop().time()
            if answer.process != self._process:
                self._process, self._totals = answer.process, Totals()
            self._counted(answer.totals.since(self._totals))
            self._totals = answer.totals
            if self._unanswered.pop(answer.number, None) is not None:
                await self._answered(answer)
