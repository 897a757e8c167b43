"""Which stations are wanted, as it is written: hj212=20@127.0.0.1:9212,chirpstack=5. Pure."""

import re
from typing import NamedTuple

MOST = 20_000
"""Of a kind: each is a connection."""
LINES = frozenset({"hj212", "gb26875", "sl651", "dtu", "gb28181"})
"""Kinds that dial HOST:PORT."""
ASKED = frozenset({"isapi", "onvif", "rtsp"})
"""Kinds that the hub dials."""
KINDS = (*sorted(LINES), "chirpstack", "ctwing", "isapi", "onvif", "rtsp")
_ENTRY = re.compile(r"([a-z0-9]+)=([0-9]{1,5})(?:@(.+))?")
_ADDRESS = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}")


class WantedError(ValueError):
    """What is wrong with an entry, for whoever wrote it"""


class Wanted(NamedTuple):
    """So many stations of a kind, and where they report to."""

    kind: str
    number: int
    where: str
    """HOST:PORT; of a CTWing the URL that it pushes to, or empty: a subscription is made; of a
    ChirpStack empty: the broker of the city; of cameras that the hub asks their ports, or empty: free ones."""

    @property
    def ports(self) -> list[int]:
        """Of cameras that the hub asks."""
        return [int(port) for port in self.where.split("+")]

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of a line."""
        host, _, port = self.where.rpartition(":")
        return host.strip("[]"), int(port)


def _is_ports(text: str) -> bool:
    return all(port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536 for port in text.split("+"))


def read_wanted(text: str) -> list[Wanted]:
    """Entries that commas divide; WantedError names the one that is wrong."""
    found: list[Wanted] = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        match = _ENTRY.fullmatch(entry)
        if match is None or match[1] not in KINDS:
            raise WantedError(f"{entry!r} is not KIND=COUNT or KIND=COUNT@WHERE; kinds are {', '.join(KINDS)}")
        count = int(match[2])
        if not 0 < count <= MOST:
            raise WantedError(f"{entry!r}: from 1 to {MOST:,} of a kind")
        if match[1] in LINES and not _ADDRESS.fullmatch(match[3] or ""):
            raise WantedError(f"{entry!r}: {match[1]} dials, so tell where: {match[1]}={count}@HOST:PORT")
        if match[1] == "ctwing" and not (match[3] or "http://").startswith(("http://", "https://")):
            raise WantedError(f"{entry!r}: it pushes to a URL, or, without one, to a subscription that it makes")
        if match[1] in ASKED and match[3] and (not _is_ports(match[3]) or match[3].count("+") + 1 != count):
            raise WantedError(f"{entry!r}: the hub asks these: tell a port of each, {match[1]}=2@8101+8102, or none")
        if any(one.kind == match[1] for one in found):
            raise WantedError(f"{entry!r}: {match[1]} is there twice")
        found.append(Wanted(match[1], count, match[3] or ""))
    return found
