"""Who may register: digest, realm, replays and floods. Pure but for the nonces that were used.

A REGISTER without a login costs no memory. The user of From is who registers; the user name of the login may be
another, as some devices have two fields for them.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from devices.codecs.gb28181 import sip
from devices.codecs.gb28181.digest import challenge, credentials, is_right
from devices.codecs.gb28181.ids import is_id
from devices.codecs.gb28181.sip import Header, Message
from hub.access.token_bucket import TokenBuckets
from hub.sip_settings import Sip
from hub.words.sentence import Sentence
from ingest.sip.limits import BURST_S, WRONG_PER_S, WRONG_ROOM
from ingest.sip.nonces import Nonce, Nonces

DEFAULT_EXPIRES_S = 3600
_EXPIRES = re.compile(r";\s*expires\s*=\s*([0-9]{1,9})", re.IGNORECASE)

PasswordsOf = Callable[[str], Sequence[str]]
"""Those that a device may show, by its 20 digits; none: it may not register."""


class Refused(NamedTuple):
    """What a REGISTER is answered that registers nobody."""

    status: int
    reason: str
    headers: tuple[Header, ...] = ()
    fault: tuple[str, Sentence] | None = None
    """Why, for the integrator; None where it is the usual course of a login."""


class Granted(NamedTuple):
    """Somebody who may register."""

    id: str
    expires_s: int
    """0: logs out."""
    version: str
    agent: str


class Registrar:
    """Decides about each REGISTER."""

    def __init__(self, settings: Sip, passwords_of: PasswordsOf, nonces: Nonces | None = None) -> None:
        self._settings, self._passwords_of = settings, passwords_of
        self._nonces = nonces or Nonces()
        rate = settings.registers_per_s
        self._rate = TokenBuckets(rate, room=rate * BURST_S)
        self._wrong = TokenBuckets(WRONG_PER_S, room=WRONG_ROOM)

    def decide(self, message: Message, host: str, now: float) -> Granted | Refused | None:
        """What is answered; None: nothing, for more come from there than are looked at. `now`: of the loop's clock."""
        if self._rate.take(host, now):
            return None
        sender = message.sender
        if not is_id(sender):
            return Refused(403, "Bad device id", (), ("bad_address", Sentence("refusal.sip.sender", told=repr(sender))))
        shown, realm = credentials(message.header("authorization")), self._settings.domain
        if shown is None or shown.algorithm != self._settings.algorithm:
            return self._challenged(host, now)
        if shown.realm != realm:
            sentence = Sentence("refusal.sip.realm", told=repr(shown.realm[:64]), right=repr(realm))
            return self._wrong_login(host, now, "Wrong realm", sentence)
        if not any(is_right(shown, message.method, each) for each in self._passwords_of(sender)):
            return self._wrong_login(host, now, "Wrong password", Sentence("refusal.sip.password", told=repr(sender)))
        used = self._nonces.use(shown.nonce, host, shown.nc, now)
        if used is not Nonce.GOOD:
            return self._challenged(host, now, stale=used is Nonce.STALE)
        version, agent = _plain(message.header("x-gb-ver"), 16), _plain(message.header("user-agent"), 64)
        return Granted(sender, min(_expires(message), self._settings.expires_s), version, agent)

    def _challenged(self, host: str, now: float, *, stale: bool = False) -> Refused:
        told = challenge(self._settings.domain, self._nonces.make(host, now), self._settings.algorithm, stale=stale)
        return Refused(401, "Unauthorized", (("www-authenticate", told),))

    def _wrong_login(self, host: str, now: float, reason: str, sentence: Sentence) -> Refused | None:
        return None if self._wrong.take(host, now) else Refused(403, reason, (), ("wrong_password", sentence))


def _plain(text: str, most: int) -> str:
    """Without control characters: no database stores a NUL."""
    return "".join(letter for letter in text if letter.isprintable())[:most]


def _expires(message: Message) -> int:
    """Of the header or, where some write it, of Contact."""
    told = message.header("expires").strip()
    if sip.is_number(told):
        return int(told)
    found = _EXPIRES.search(message.header("contact"))
    return int(found[1]) if found else DEFAULT_EXPIRES_S
