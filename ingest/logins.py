"""Logins by digest of devices that register, over SIP or HTTP: realm, password, replays and floods.

Pure but for the nonces that were used. A login that is asked for costs no memory.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from devices.codecs.gb28181.digest import challenge, credentials, is_right
from hub.access.token_bucket import TokenBuckets
from hub.words.sentence import Sentence
from ingest.nonces import Nonce, Nonces

BURST_S = 10.0
WRONG_PER_S, WRONG_ROOM = 0.5, 30
"""Wrong passwords of one address; more are not answered: somebody tries them out."""

PasswordsOf = Callable[[str], Sequence[str]]
"""Those that a device may show, by its 20 digits; none: it may not register."""


class Denied(NamedTuple):
    """Why somebody may not register."""

    challenge: str | None = None
    """A WWW-Authenticate header: the usual course of a login. None: what was shown is wrong."""
    reason: str = ""
    fault: tuple[str, Sentence] | None = None
    """For the integrator."""
    too_many: bool = False
    """Whether so many were wrong that it is not worth an answer."""


class Logins:
    """Judges those of one realm."""

    def __init__(
        self, realm: str, algorithm: str, per_s: float, passwords_of: PasswordsOf, nonces: Nonces | None = None
    ) -> None:
        """`per_s`: how many of one address are looked at, ten seconds' worth at once."""
        self._realm, self._algorithm, self._passwords_of = realm, algorithm, passwords_of
        self._nonces = nonces or Nonces()
        self._rate = TokenBuckets(per_s, room=per_s * BURST_S)
        self._wrong = TokenBuckets(WRONG_PER_S, room=WRONG_ROOM)

    def crowded(self, host: str, now: float) -> bool:
        """Whether more come from there than are looked at; counts one. `now` in seconds of one clock."""
        return bool(self._rate.take(host, now))

    def challenged(self, host: str, now: float, *, stale: bool = False) -> str:
        """A WWW-Authenticate header for somebody who has shown nothing."""
        return challenge(self._realm, self._nonces.make(host, now), self._algorithm, stale=stale)

    def judged(self, sender: str, method: str, header: str, host: str, now: float) -> Denied | None:
        """Whether an Authorization header is right; None: it is. The user name in it may be another than the sender."""
        shown = credentials(header)
        if shown is None or shown.algorithm != self._algorithm:
            return Denied(self.challenged(host, now))
        if shown.realm != self._realm:
            sentence = Sentence("refusal.sip.realm", told=repr(shown.realm[:64]), right=repr(self._realm))
            return self._wrong_login(host, now, "Wrong realm", sentence)
        if not any(is_right(shown, method, each) for each in self._passwords_of(sender)):
            return self._wrong_login(host, now, "Wrong password", Sentence("refusal.sip.password", told=repr(sender)))
        used = self._nonces.use(shown.nonce, host, shown.nc, now)
        return None if used is Nonce.GOOD else Denied(self.challenged(host, now, stale=used is Nonce.STALE))

    def _wrong_login(self, host: str, now: float, reason: str, sentence: Sentence) -> Denied:
        return Denied(None, reason, ("wrong_password", sentence), bool(self._wrong.take(host, now)))
