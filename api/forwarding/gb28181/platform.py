"""How the hub is registered at a superior platform: what somebody entered, as data."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

import msgspec

from api.forwarding.gb28181.link import Link, Take


class Platform(msgspec.Struct, frozen=True):
    """The column `platform` of a target."""

    id: str
    """The superior's 20 digits."""
    transport: str = "udp"
    username: str | None = None
    """None: the hub's own number there."""
    realm: str | None = None
    """Its SIP domain; None: the first ten of its digits."""
    expires_s: int = 3600
    keepalive_s: int = 60
    own_port: int = 0
    """From which the hub calls it; 0: any."""
    version: str = "2016"

    @property
    def domain(self) -> str:
        """Its SIP domain."""
        return self.realm or self.id[:10]


class Superior(NamedTuple):
    """A target of GB/T 28181; one of which anything is different is connected anew."""

    id: int
    code: str
    name: str
    host: str
    port: int
    number: str
    """The hub's own 20 digits there."""
    password: str
    """As stored."""
    at_once: int
    platform: str
    """JSON of Platform."""

    @property
    def told(self) -> Platform:
        """Decoded."""
        return msgspec.json.decode(self.platform, type=Platform)


OpenLink = Callable[[Superior, Take], AbstractAsyncContextManager[tuple[Link, str]]]
"""Opens a way to a platform, with its password; TransientError or PermanentError, in words, when it cannot."""
