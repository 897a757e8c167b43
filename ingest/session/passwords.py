"""What stations must show: a password of their own where they have one, else the one of all of their protocol."""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from pydantic import SecretStr

from devices.station_passwords import PROTOCOLS, PasswordRefused, normal_password, password_place
from hub.secrets.sealed import Secrets, SecretUnreadable
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

UNREADABLE = "password_unreadable"
"""The reason where it is the hub that cannot read what it has: the station is not answered, and sends again."""


class Fault(NamedTuple):
    """Why a frame is refused, as an origin has it."""

    reason: str
    sentence: str


class Gate(Protocol):
    """The passwords of one protocol's stations."""

    @property
    def known(self) -> bool:
        """Whether it is known who must show what: before that nobody may connect."""

    def fault(self, station: str, shown: str | None) -> Fault | None:
        """Why what a station shows is not enough; it never holds a password."""

    def told(self, station: str, shown: str | None) -> str | None:
        """What a command shows to a station that showed this last; None: nothing was agreed."""


class OnePassword:
    """One password for all stations of a protocol, or none: any will do."""

    def __init__(self, protocol: str, password: SecretStr | None) -> None:
        self._protocol = protocol
        text = None if password is None else password.get_secret_value()
        self._password = None if text is None else _as_shown(protocol, text)

    @property
    def known(self) -> bool:
        """See Gate."""
        return True

    def fault(self, station: str, shown: str | None) -> Fault | None:
        """See Gate."""
        if self._password is None or _same(shown, self._password):
            return None
        values = {"station": repr(station), "protocol": self._protocol, "shown": _shown(shown)}
        return Fault("wrong_password", Sentence("refusal.session.password.shared", **values))

    def told(self, station: str, shown: str | None) -> str | None:
        """See Gate."""
        return self._password


class Known(NamedTuple):
    """The password of one station."""

    device: str
    password: str | None
    """None: it cannot be read."""
    former: str | None = None
    former_until: datetime | None = None

    def all(self) -> list[str]:
        """This one, and the former one while that still counts."""
        former = self.former if self.former_until is not None and self.former_until > datetime.now(UTC) else None
        return [each for each in (self.password, former) if each is not None]

    def takes(self, shown: str | None) -> bool:
        """Whether it is one of these."""
        return any(_same(shown, each) for each in self.all())


class StationPasswords:
    """Those of single stations, as the store has them; `refresh` reads them."""

    def __init__(self, pool: Pool, secrets: Secrets) -> None:
        self._pool, self._secrets = pool, secrets
        self._known: dict[tuple[str, str], Known] = {}
        """By protocol and number: each address of a device, and its code."""
        self.read = False
        """Whether they have ever been read."""

    async def refresh(self) -> None:
        """Read them all. StoreUnavailable: they stay as they are."""
        with sorted_errors():
            async with self._pool.connection() as conn:
                rows = await (await conn.execute(SQL.passwords)).fetchall()
        found: dict[tuple[str, str], Known] = {}
        for device_id, code, protocol, password, former, until, numbers in rows:
            own, before = (self._opened(device_id, protocol, each) for each in (password, former))
            known = Known(code, own, before, until)
            found |= {(protocol, number): known for number in numbers}
        self._known = found
        self.read = True

    def _opened(self, device_id: int, protocol: str, stored: str | None) -> str | None:
        try:
            return None if stored is None else self._secrets.open(password_place(device_id, protocol), stored)
        except SecretUnreadable:
            return None

    def of(self, protocol: str, station: str) -> Known | None:
        """That of a station; None where it has none of its own."""
        return self._known.get((protocol, station))

    def gate(self, protocol: str, all_: SecretStr | None) -> Gate:
        """Those of a protocol; `all_` is for stations without one of their own."""
        others = OnePassword(protocol, all_)
        return OwnPasswords(self, protocol, others) if protocol in PROTOCOLS else others


class OwnPasswords:
    """See Gate."""

    def __init__(self, passwords: StationPasswords, protocol: str, others: OnePassword) -> None:
        self._passwords, self._protocol, self._others = passwords, protocol, others

    @property
    def known(self) -> bool:
        """See Gate."""
        return self._passwords.read

    def fault(self, station: str, shown: str | None) -> Fault | None:
        """See Gate."""
        known = self._passwords.of(self._protocol, station)
        if known is None:
            return self._others.fault(station, shown)
        if known.takes(shown):
            return None
        values: Mapping[str, object] = {
            "station": repr(station), "code": known.device, "protocol": self._protocol, "shown": _shown(shown),
        }  # fmt: skip
        if known.password is None:
            return Fault(UNREADABLE, Sentence("refusal.session.password.unreadable", **values))
        return Fault("wrong_password", Sentence("refusal.session.password.own", **values))

    def told(self, station: str, shown: str | None) -> str | None:
        """See Gate; while a station has its former one, that is what it knows."""
        known = self._passwords.of(self._protocol, station)
        if known is None:
            return self._others.told(station, shown)
        return shown if known.takes(shown) else known.password


def _as_shown(protocol: str, text: str) -> str:
    """As frames show it; a password of the settings that no frame can show is kept: nothing will match it."""
    try:
        return normal_password(protocol, text)
    except (PasswordRefused, KeyError):
        return text


def _same(shown: str | None, kept: str) -> bool:
    return shown is not None and hmac.compare_digest(shown.encode(), kept.encode())


def _shown(shown: str | None) -> Sentence:
    return Sentence("password.shown.none") if shown is None else Sentence("password.shown.wrong")
