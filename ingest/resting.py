"""Messages as they may lie somewhere until they are decoded: made once for each batch, however often that is tried."""

import asyncio
from collections.abc import Sequence

from devices.codecs.camera_document import CAMERAS, at_rest
from hub.models import Batch, Raw

BESIDE_BYTES = 32 << 10
"""Of a batch's messages of cameras; more are made beside the loop: 10 ms for each 100 kB."""


class Resting:
    """Of the batch that is written now, and may be written again."""

    def __init__(self) -> None:
        self._batch: Batch | None = None
        self._raws: Sequence[Raw] = ()

    async def of(self, batch: Batch) -> Sequence[Raw]:
        """Its messages, in their order."""
        if self._batch is not batch:
            raws = batch.raws
            many = sum(len(raw.payload) for raw in raws if raw.origin.protocol in CAMERAS) > BESIDE_BYTES
            self._raws = await asyncio.to_thread(_made, raws) if many else _made(raws)
            self._batch = batch
        return self._raws

    def written(self) -> None:
        """The batch is written: nothing of it is kept here."""
        self._batch, self._raws = None, ()


def _made(raws: Sequence[Raw]) -> Sequence[Raw]:
    return [at_rest(raw) for raw in raws]
