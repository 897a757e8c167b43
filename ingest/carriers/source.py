"""Pushes of platforms: submitted, held until they are committed, and only then answered.

A body that is trusted and cannot be read becomes a dead letter and is answered as taken: its sender would push it again
as it is, or count it against the hub.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from devices.carriers.asked.talk import Found
from devices.codecs.carriers.envelope import PUSH, Sent
from hub.errors import DecodeError
from hub.models import Origin, Raw
from hub.pipeline import Sink
from ingest.carriers.meter import Meter
from ingest.carriers.platforms import Platform, Request
from ingest.carriers.subscription import Subscription
from ingest.holding import Holding

FOUND_AT_ONCE, FOUND_S = 500, 60.0
"""Messages of a commit, of what a platform was asked for, and how long it may take."""
OriginOf = Callable[[str, str, str, str], Origin]
"""Of a subscription, a platform, a form and a device's address."""


class PushSource:
    """Submits the messages of pushes."""

    def __init__(self, sink: Sink, origin: OriginOf, trouble: Callable[[], list[str]], meter: Meter) -> None:
        """`trouble` tells why nothing can be committed now, if so."""
        self._holding, self._origin, self._meter = Holding(sink, trouble), origin, meter
        self._taking = True

    def stop(self) -> None:
        """Stop taking pushes; those that are held are still answered."""
        self._taking = False
        self._holding.stop()

    def taking(self) -> bool:
        """Whether pushes are taken."""
        return self._taking

    async def found(self, platform: Platform, code: str, found: Found) -> None:
        """Commit what a platform was asked for; NotTakenError when that is not done in time.

        It came because of a question: it tells nothing of who is there, and what has no time of its own is no news.
        """
        raws = list[Raw]()
        for body in found.bodies:
            try:
                sent = platform.messages(body)
            except DecodeError as error:
                raws.append(self._unread(platform, code, body, error))
                continue
            told = [self._raw(platform, code, each) for each in sent]
            raws += [raw._replace(retained=True, current=found.current) for raw in told]
        for start in range(0, len(raws), FOUND_AT_ONCE):
            await self._holding.submitted(raws[start : start + FOUND_AT_ONCE], FOUND_S)

    async def take(self, platform: Platform, subscription: Subscription, request: Request) -> int:
        """Take a push; how many messages it was. NotTrustedError; NotTakenError when it is not committed in time."""
        try:
            content = platform.opened(subscription, request)
            sent = platform.messages(content)
        except DecodeError as error:
            return await self._submitted(platform, [self._unread(platform, subscription.code, request.body, error)])
        raws = [self._raw(platform, subscription.code, each) for each in sent]
        taken = await self._submitted(platform, raws) if raws else 0
        self._meter.heard(subscription.code, taken)
        return taken

    async def _submitted(self, platform: Platform, raws: Sequence[Raw]) -> int:
        return await self._holding.submitted(raws, platform.hold_s, repeats=platform.repeats)

    def _raw(self, platform: Platform, subscription: str, sent: Sent) -> Raw:
        origin = self._origin(subscription, platform.name, sent.form, sent.address)
        return Raw(origin, sent.payload, self._holding.now())

    def _unread(self, platform: Platform, subscription: str, body: bytes, error: DecodeError) -> Raw:
        nobody = self._origin(subscription, platform.name, PUSH, "")
        return Raw(replace(nobody, fault=(error.reason, error.detail)), body, self._holding.now())
