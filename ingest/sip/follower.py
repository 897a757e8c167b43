"""What follows from registrations and messages: what the hub asks devices, and tells them."""

from collections.abc import Coroutine
from typing import Protocol

from devices.codecs.gb28181.catalogue import Page
from devices.codecs.gb28181.manscdp import Body
from devices.codecs.gb28181.sip import Message
from ingest.sip.bindings import Binding
from ingest.sip.peer import Peer
from ingest.sip.requests import Requests


class Wire(Protocol):
    """How devices are reached."""

    requests: Requests

    def begin(self, work: Coroutine[None, None, None]) -> None:
        """In the group of the server."""

    def peer_of(self, binding: Binding) -> Peer | None:
        """Where a device can be reached; None while it is not connected."""


class Follower:
    """Is told of what happens; this one makes nothing of it."""

    async def run(self, wire: Wire) -> None:
        """Whatever it does of its own while the server listens."""

    def registered(self, binding: Binding, is_new: bool) -> None:
        """A device has registered, `is_new`: not only renewed its registration."""

    def moved(self, binding: Binding) -> None:
        """A device sends from another port or connection."""

    def gone(self, binding: Binding) -> None:
        """A device has logged out, or has not renewed its registration."""

    def told(self, binding: Binding, message: Message, body: Body) -> None:
        """A registered device has sent something that can be read."""

    def stored(self, sender: str, body: Body, refused: bool) -> None:
        """An alarm is committed and answered; `refused`: as a letter alone."""

    async def paged(self, binding: Binding, page: Page) -> bool:
        """Keep news of a directory; False where that is not possible now."""
        return True
