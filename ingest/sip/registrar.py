"""Who may register, and for how long. Pure but for the nonces that were used (ingest/logins.py).

A REGISTER without a login costs no memory. The user of From is who registers; the user name of the login may be
another, as some devices have two fields for them.
"""

import re
from typing import NamedTuple

from devices.codecs.gb28181 import sip
from devices.codecs.gb28181.ids import is_id
from devices.codecs.gb28181.sip import Header, Message
from devices.personal_values import masked
from hub.sip_settings import Sip
from hub.words.sentence import Sentence
from ingest.logins import Logins, PasswordsOf
from ingest.nonces import Nonces

DEFAULT_EXPIRES_S = 3600
_EXPIRES = re.compile(r";\s*expires\s*=\s*([0-9]{1,9})", re.IGNORECASE)


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
        self._settings = settings
        self._logins = Logins(settings.domain, settings.algorithm, settings.registers_per_s, passwords_of, nonces)

    def decide(self, message: Message, host: str, now: float) -> Granted | Refused | None:
        """What is answered; None: nothing, for more come from there than are looked at. `now`: of the loop's clock."""
        if self._logins.crowded(host, now):
            return None
        sender = message.sender
        if not is_id(sender):
            return Refused(
                403, "Bad device id", (), ("bad_address", Sentence("refusal.sip.sender", told=masked(repr(sender))[0]))
            )
        denied = self._logins.judged(sender, message.method, message.header("authorization"), host, now)
        if denied is None:
            version, agent = _plain(message.header("x-gb-ver"), 16), _plain(message.header("user-agent"), 64)
            return Granted(sender, min(_expires(message), self._settings.expires_s), version, agent)
        if denied.challenge is not None:
            return Refused(401, "Unauthorized", (("www-authenticate", denied.challenge),))
        return None if denied.too_many else Refused(403, denied.reason, (), denied.fault)


def _plain(text: str, most: int) -> str:
    """Without control characters, for no database stores a NUL, and without what identifies a person."""
    return masked("".join(letter for letter in text if letter.isprintable())[:most])[0]


def _expires(message: Message) -> int:
    """Of the header or, where some write it, of Contact."""
    told = message.header("expires").strip()
    if sip.is_number(told):
        return int(told)
    found = _EXPIRES.search(message.header("contact"))
    return int(found[1]) if found else DEFAULT_EXPIRES_S
