"""A worker's source: receives blocks over a Unix socket and answers them after their commit."""

import asyncio
import logging
import os
from collections import deque
from collections.abc import Callable
from pathlib import Path

from hub.models import Delivery, Micros, Outcome
from hub.pipeline import Sink
from hub.telemetry import Counters
from ingest.handover.blocks import Answer, Block, Mark, Refusal, Totals, encode, read_block
from ingest.handover.dispatch import worker_of

log = logging.getLogger(__name__)

SIGN_OF_LIFE_S = 0.5
READ_AHEAD_BYTES = 1 << 20
NO_MARK = Mark(None, 0)
NOTHING = Outcome()


class HandedSource:
    """Listens on a socket in a private directory; stops reading while the pipeline is full."""

    def __init__(
        self,
        path: Path,
        sink: Sink,
        counters: Counters,
        reasons: Callable[[], list[str]],
        share: tuple[int, int] = (1, 1),
    ) -> None:
        """`reasons` tells why the worker is not ready; `share` is its number, and how many workers there are."""
        self._number, self._workers = share
        self._path, self._sink, self._counters, self._reasons = path, sink, counters, reasons
        self._stopped = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._taken = self._settled = 0
        """Blocks, which are settled in order."""
        self._marks: deque[tuple[int, Mark]] = deque()
        """Marks, and how many blocks were taken before each."""
        self._mark = NO_MARK

    def since(self) -> Micros | None:
        """Since when everything is received without a gap that this worker's devices send; None while it is not."""
        return self._mark.since if self._writers else None

    def until(self) -> Micros:
        """Everything that was received up to then is settled."""
        return self._mark.until

    def owns(self, device: str) -> bool:
        """Whether this worker has the device of this code."""
        return worker_of(device, self._workers) == self._number

    @property
    def connected(self) -> bool:
        """Whether the reading process is there."""
        return bool(self._writers)

    @property
    def behind(self) -> bool:
        """Not told here: the marks of the reading process tell it."""
        return False

    def reasons(self) -> list[str]:
        """Nothing else keeps it from reading."""
        return []

    def stop(self) -> None:
        """Stop accepting blocks; those already accepted are still answered."""
        self._stopped.set()

    def close(self) -> None:
        """Close all connections; unanswered blocks will be resent."""
        for writer in self._writers:
            writer.close()

    async def run(self) -> None:
        """Accept blocks until `stop`."""
        self._path.unlink(missing_ok=True)  # left by the process that this one replaces
        server = await asyncio.start_unix_server(self._accepted, self._path, limit=READ_AHEAD_BYTES)
        await self._stopped.wait()
        server.close()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            async with asyncio.TaskGroup() as group:
                living = group.create_task(self._signs_of_life(writer), name="handed.life")
                await self._take_all(reader, writer)
                living.cancel()
        finally:
            if not self._stopped.is_set():  # otherwise answers are still to come
                self._writers.discard(writer)
                writer.close()

    async def _take_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not self._stopped.is_set():
                block = await read_block(reader)
                if block.mark is None:
                    await self._hand_over(block, writer)
                else:
                    self._marks.append((self._taken, block.mark))
                    self._pass_marks()
        except (OSError, EOFError) as error:
            log.debug("the reading process has disconnected: %s", error)

    def _pass_marks(self) -> None:
        while self._marks and self._marks[0][0] <= self._settled:
            self._mark = self._marks.popleft()[1]

    async def _hand_over(self, block: Block, writer: asyncio.StreamWriter) -> None:
        async def settle(outcome: Outcome) -> None:
            refused = {
                index: Refusal(
                    letter.id, letter.reason, str(letter.detail), letter.device, bool(letter.raw.payload), letter.at
                )
                for index, letter in outcome.refused.items()
            }
            self._say(writer, block.number, refused, outcome)
            self._settled += 1
            self._pass_marks()

        self._taken += 1
        await self._sink.submit(Delivery(block.raws(), settle))

    async def _signs_of_life(self, writer: asyncio.StreamWriter) -> None:
        while True:
            self._say(writer, 0, {})
            await asyncio.sleep(SIGN_OF_LIFE_S)

    def _say(
        self, writer: asyncio.StreamWriter, number: int, refused: dict[int, Refusal], outcome: Outcome = NOTHING
    ) -> None:
        counters = self._counters
        totals = Totals(*(getattr(counters, name) for name in Totals._fields))
        answer = Answer(number, refused, os.getpid(), totals, counters.devices_known, self._reasons())
        answer = answer._replace(repeated=tuple(outcome.repeated), conflicting=tuple(outcome.conflicting))
        if not writer.is_closing():
            writer.write(encode(answer))
