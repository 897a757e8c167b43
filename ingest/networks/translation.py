"""A sink before the pipeline's that translates what a network sends into messages that mean the same by themselves."""

from collections.abc import Callable, Sequence

from hub.models import Delivery, Raw
from hub.pipeline import Sink

Translate = Callable[[Raw], Sequence[Raw]]
"""The messages that are to be decoded of one; none where there is nothing to be decoded."""


class TranslatingSink:
    """Hands on what it is given, translated; in order, each message once."""

    def __init__(self, sink: Sink, translate: Translate) -> None:
        self._sink, self._translate = sink, translate
        self._last: tuple[Delivery, Delivery] | None = None
        """What was translated last, and into what: a source whose sink is full submits it again."""

    @property
    def full(self) -> bool:
        """See Sink."""
        return self._sink.full

    async def submit(self, delivery: Delivery) -> None:
        """See Sink. One after the other: a translation may depend on those before it."""
        if self._last is None or self._last[0] is not delivery:
            raws = [raw for each in delivery.raws for raw in self._translate(each)]
            self._last = delivery, Delivery(raws, delivery.settle, delivery.positions)
        await self._sink.submit(self._last[1])
        self._last = None
