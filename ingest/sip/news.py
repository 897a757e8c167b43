"""What the server tells of devices by itself: that they came or logged out, are unknown, or not understood."""

import logging
import re

from devices.codecs.gb28181 import sip, writing
from devices.codecs.gb28181.sip import Message
from devices.personal_values import masked
from hub.access.token_bucket import TokenBuckets
from hub.models import Origin
from hub.words.sentence import Sentence
from ingest.sip.bindings import Binding
from ingest.sip.intake import Intake
from ingest.sip.limits import LETTERS_PER_S, LETTERS_ROOM, WAITING
from ingest.sip.messages import Known, OriginOf
from ingest.sip.peer import Peer, shown
from ingest.sip.registrar import Granted
from ingest.sip.remarks import Remarks
from ingest.sip.twins import Twins

log = logging.getLogger(__name__)

KEPT_BYTES = 4096
"""Of a message that is kept as a letter."""
_LOGIN = re.compile(rb"^(?:proxy-)?authorization[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*(?:\n|\Z)", re.IGNORECASE | re.MULTILINE)
"""What a device shows to log in, also of what cannot be read as a message."""
_TWINS_S = 600.0
"""How often it is told that two devices register with one number."""


class News:
    """Each bounded, by device or by address."""

    def __init__(self, intake: Intake, origin: OriginOf, known: Known | None, remarks: Remarks) -> None:
        self._remarks, self._twins = remarks, Twins()
        self._intake, self._origin, self._known = intake, origin, known
        self._letters = TokenBuckets(LETTERS_PER_S, room=LETTERS_ROOM)
        self._told_unknown: dict[str, None] = {}
        self._told_twins: dict[str, float] = {}

    def came(self, granted: Granted, message: Message) -> None:
        """A device came or logged out. Of one that nobody knows a letter, once, that tells how to register it."""
        if self._known is not None and not self._known(granted.id):
            if granted.id not in self._told_unknown and granted.expires_s:
                if len(self._told_unknown) >= WAITING:
                    del self._told_unknown[next(iter(self._told_unknown))]
                self._told_unknown[granted.id] = None
                self._intake.put([(self._origin(granted.id, "state", granted.id), without_login(message))], _nothing)
            return
        self._state(granted.id, "ONLINE" if granted.expires_s else "OFFLINE")

    def expired(self, id_: str) -> None:
        """A device has not renewed its registration: it is not there, whatever its profile says of silence."""
        if self._known is None or self._known(id_):
            self._state(id_, "OFFLINE")

    def _state(self, id_: str, online: str) -> None:
        payload = writing.body("Response", "DeviceStatus", 0, id_, {"Result": "OK", "Online": online})
        self._intake.put([(self._origin(id_, "state", id_), payload)], _nothing, urgent=False)

    def registered(self, id_: str, before: Binding | None, peer: Peer, now: float) -> None:
        """A device registers, perhaps from elsewhere than before; `now` in seconds of the loop's clock."""
        other = self._twins.registered(id_, (peer.host, peer.port), now)
        if other is not None:
            self._remarks.twins(id_, shown(peer.host, peer.port), shown(*other))
        if before is None or before.host == peer.host:
            return
        if now - self._told_twins.get(before.id, -_TWINS_S) >= _TWINS_S:
            if len(self._told_twins) >= WAITING:
                self._told_twins.clear()
            self._told_twins[before.id] = now
            log.warning(
                "%s registers from %s, and was registered from %s: two devices need an id each",
                before.id, shown(peer.host, peer.port), shown(before.host, before.port),
            )  # fmt: skip

    def letter(self, peer: Peer, octets: bytes, sender: str, fault: tuple[str, Sentence | str], now: float) -> None:
        """What cannot be read, or who may not register: a letter of the first few of an address."""
        if self._letters.take(peer.host, now):
            return
        log.info("%s: %s", shown(peer.host, peer.port), fault[1])
        sender = masked(sender)[0]
        address = f"gb28181/{sender}/state/{sender}"
        origin = Origin("sip", address, sender, "state", None, "gb28181", False, (fault[0], fault[1]))
        self._intake.put([(origin, _LOGIN.sub(b"", octets)[:KEPT_BYTES])], _nothing, urgent=False)


def without_login(message: Message) -> bytes:
    """A message as it may be kept: without what a device shows to log in."""
    headers = tuple(each for each in message.headers if each[0] not in ("authorization", "proxy-authorization"))
    return sip.written(message._replace(headers=headers))


def _nothing(_letters: object) -> None:
    """Nobody waits for it."""
