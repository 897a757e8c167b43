"""Who speaks something else at the port of a protocol, and what it looks like: a trace of it, and not of each time."""

import re
from collections.abc import Callable
from typing import NamedTuple

from hub.words.sentence import Sentence

KEPT_BYTES = 256
"""Of what a stranger sent: enough to know it by."""
PER_MINUTE = 20
"""Letters of all strangers of a port: scanners come by the hundred."""
HOST_S = 60.0
"""Between two letters of one host."""
_HOSTS = 1000


class Strangers:
    """Says whether one more is to be kept as a letter."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}
        """By host; the newest are remembered."""
        self._window, self._in_window = 0.0, 0

    def is_news(self, host: str, now: float) -> bool:
        """Whether a host, of which nothing was kept for a while, is to be told of; `now` in seconds."""
        if now - self._window >= 60:
            self._window, self._in_window = now, 0
        if self._in_window >= PER_MINUTE or now - self._told.get(host, -HOST_S) < HOST_S:
            return False
        self._in_window += 1
        self._told.pop(host, None)
        self._told[host] = now
        if len(self._told) > _HOSTS:
            del self._told[next(iter(self._told))]
        return True


class _Look(NamedTuple):
    matches: Callable[[bytes], object]
    sentence: Sentence
    protocol: str | None = None
    """Of stations: at its own port it is none of a stranger."""


_LOOKS = (
    _Look(re.compile(rb"(?:GET|POST|PUT|HEAD|OPTIONS|CONNECT|DELETE|PATCH) ").match, Sentence("stranger.http")),
    _Look(re.compile(rb"\x16\x03[\x00-\x04]").match, Sentence("stranger.tls")),
    _Look(re.compile(rb"\x10.{1,4}\x00[\x04\x06]MQ", re.DOTALL).match, Sentence("stranger.mqtt")),
    _Look(re.compile(rb"\x01[0-9A-Fa-f]{8}").match, Sentence("stranger.sl651_ascii")),
    _Look(re.compile(rb"##[0-9]{4}").match, Sentence("stranger.hj212"), "hj212"),
    _Look(re.compile(rb"@@").match, Sentence("stranger.gb26875"), "gb26875"),
    _Look(re.compile(rb"~~").match, Sentence("stranger.sl651"), "sl651"),
    _Look(re.compile(rb"\x68.\x68", re.DOTALL).match, Sentence("stranger.szy206"), "szy206"),
    _Look(re.compile(rb"(?:\xfe)*\x68\x10[^\x68]").match, Sentence("stranger.cjt188")),
    _Look(re.compile(rb"(?:REG|IMEI)|[0-9]{15}(?:[0-9]{5})?\s*$").match, Sentence("stranger.dtu")),
    _Look(re.compile(rb"\s*[{\[]").match, Sentence("stranger.json")),
)


def looks_like(octets: bytes, own: str) -> Sentence:
    """What the beginning of a stranger's bytes looks like at the port of a protocol, and what is to be done."""
    return _look(octets, own) or Sentence("stranger.unknown")


def is_another(octets: bytes, own: str) -> bool:
    """Whether they look like something that is not of this protocol."""
    return _look(octets, own) is not None


def _look(octets: bytes, own: str) -> Sentence | None:
    return next((look.sentence for look in _LOOKS if look.protocol != own and look.matches(octets)), None)
