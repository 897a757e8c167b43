"""How a DTU says who it is when it has connected. Pure.

Without a pattern it sends the 15 digits of its IMEI or the 20 of its ICCID. A pattern is a text in which `{id}` stands
for its number and `{secret}` for a password: `REG:{id},{secret};`.
"""

import re
from typing import NamedTuple

from hub.polling_settings import REGISTRATION_FIELD

LONGEST = 512
"""Bytes in which a DTU must have said who it is."""
_FIELD = {"id": r"(?P<id>[A-Za-z0-9._:-]{1,64})", "secret": r"(?P<secret>[\x21-\x7e]{1,128}?)"}
_DIGITS = re.compile(rb"(?<![0-9])([0-9]{15}|[0-9]{19}[0-9A-Fa-f])(?![0-9A-Fa-f])")


class Registered(NamedTuple):
    """Who a DTU says that it is."""

    scheme: str
    """Of its address: imei, iccid or dtu."""
    address: str
    secret: str | None
    text: bytes
    """What it sent for it: many send the same again as their heartbeat."""
    rest: bytes
    """What came behind it."""


class Registration:
    """Reads registrations."""

    def __init__(self, pattern: str | None) -> None:
        """`pattern`: as in DtuListener."""
        self._pattern = None if pattern is None else _compiled(pattern)

    def read(self, heard: bytes, quiet: bool) -> Registered | None:
        """Who it is; None while it cannot be told. `quiet`: nothing more came for a while, so that this is all."""
        if self._pattern is not None:
            found = self._pattern.search(heard)
            if found is None or (found.end() == len(heard) and not quiet and self._open):
                return None
            named = found.groupdict()
            secret = None if named.get("secret") is None else named["secret"].decode()
            return Registered("dtu", named["id"].decode(), secret, found.group(), heard[found.end() :])
        found = _DIGITS.search(heard)
        if found is None or (found.end() == len(heard) and not quiet):
            return None  # 15 digits may be the beginning of 20
        told = found.group(1)
        scheme = "imei" if len(told) == 15 else "iccid"
        return Registered(scheme, told.decode().upper(), None, told, heard[found.end() :])

    @property
    def _open(self) -> bool:
        """Whether the pattern ends with a field, whose end is known by the silence behind it only."""
        return self._pattern is not None and self._pattern.pattern.endswith(b")")


def _compiled(pattern: str) -> re.Pattern[bytes]:
    """Of a pattern that the settings have found usable."""
    parts = REGISTRATION_FIELD.split(pattern)
    return re.compile("".join(_FIELD[part] if n % 2 else re.escape(part) for n, part in enumerate(parts)).encode())
