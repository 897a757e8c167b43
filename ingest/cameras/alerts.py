"""What parts of ISAPI are as messages: documents with the picture that belongs to each, heartbeats at their pace."""

import re
import time
from collections.abc import Awaitable, Callable, Sequence

from devices.codecs.isapi.alert import alert_of
from devices.codecs.isapi.events import PERSON, concerns_persons
from devices.codecs.isapi.multipart import Part
from hub.errors import DecodeError
from hub.models import Origin
from hub.picture import Picture

BEAT_S = 30.0
"""A camera that says nothing but that it is there is passed on as alive so often: some send heartbeats every 0.3 s."""
_NO_COUNT = re.compile(rb"(activePostCount\W{1,4})0\b")
OriginOf = Callable[[str], Origin]
"""Of a channel; "": of the device."""
Pass = Callable[[str, bytes], Awaitable[Picture]]
"""Takes a camera's name and a picture through the privacy gate."""
Put = Callable[[Origin, bytes, tuple[Picture, ...]], Awaitable[None]]


class Alerts:
    """The alerts of one camera or recorder, part by part."""

    def __init__(
        self, name: str, origin: OriginOf, channels: Callable[[], Sequence[str]], put: Put, gate: Pass
    ) -> None:
        """`channels` are those that are registered as devices of their own: they live as long as the recorder says."""
        self._name, self._origin, self._channels, self._put, self._gate = name, origin, channels, put, gate
        self._held: tuple[Origin, bytes] | None = None
        """A document whose picture may follow."""
        self._lost: set[str] = set()
        """Channels whose video is lost, as they told it: a heartbeat of theirs tells that it is back."""
        self._beat_at = -BEAT_S
        self.sends_pictures = True
        """Whether it is worth to wait for a picture: until a document came without one."""

    @property
    def waits(self) -> bool:
        """Whether a document is held for its picture."""
        return self._held is not None

    async def take(self, part: Part) -> None:
        """A part as it comes: a picture belongs to the document just before it, further ones to nobody."""
        if part.is_picture:
            if self._held is not None:
                (origin, document), self._held = self._held, None
                self.sends_pictures = True
                await self._put(origin, document, (await self._gate(self._name, part.body),))
            return
        await self.flush()
        await self._document(part.body)

    async def flush(self) -> None:
        """No picture has followed."""
        if self._held is not None:
            (origin, document), self._held = self._held, None
            self.sends_pictures = False
            await self._put(origin, document, ())

    async def _document(self, document: bytes) -> None:
        try:
            alert = alert_of(document)
        except DecodeError:  # the resolver says why, in a dead letter
            await self._put(self._origin(""), document, ())
            return
        channel = alert.channel
        if alert.is_heartbeat:
            if channel in self._lost:
                self._lost.discard(channel)
                await self._put(self._origin(channel), _NO_COUNT.sub(rb"\g<1>1", document, count=1), ())
            await self._beat(document)
            return
        if alert.type == "videoloss":
            self._lost.add(channel)
        if concerns_persons(alert):  # to be counted; its picture is looked at by nobody
            await self._put(self._origin(channel), PERSON, ())
        elif self.sends_pictures:
            self._held = self._origin(channel), document
        else:
            await self._put(self._origin(channel), document, ())

    async def _beat(self, document: bytes) -> None:
        now = time.monotonic()
        if now - self._beat_at < BEAT_S:
            return
        self._beat_at = now
        for channel in ("", *(each for each in self._channels() if each not in self._lost)):
            await self._put(self._origin(channel), document, ())
