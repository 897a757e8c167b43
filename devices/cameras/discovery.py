"""Looks for ONVIF cameras in the network of this machine (WS-Discovery), when somebody asks for it and never else."""

import asyncio
import socket
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from devices.codecs.xml_tree import tree
from hub.errors import DecodeError

GROUP, PORT = "239.255.255.250", 3702
MAX_FOUND = 1_000
MAX_ANSWERS = 5_000
"""Datagrams that are looked at: whoever answers without end fills nothing."""
_SCOPES = {"name": "onvif://www.onvif.org/name/", "model": "onvif://www.onvif.org/hardware/"}
_PROBE = (
    '<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" '
    'xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><e:Header><w:MessageID>uuid:{id}</w:MessageID>'
    "<w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>"
    "<w:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>"
    "<e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>"
)


class Found(NamedTuple):
    """A camera that has answered."""

    url: str
    """Its device service, at the address that answered."""
    name: str
    model: str


async def discover(seconds: float, group: str = GROUP, port: int = PORT) -> list[Found]:
    """Who answers within so many seconds, by URL. OSError where this machine has no such network."""
    loop = asyncio.get_running_loop()
    found = dict[str, Found]()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.setblocking(False)
        probe.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        await loop.sock_sendto(probe, _PROBE.format(id=uuid4()).encode(), (group, port))
        try:
            async with asyncio.timeout(seconds):
                for _ in range(MAX_ANSWERS):
                    answer, sender = await loop.sock_recvfrom(probe, 65_535)
                    for each in matches(answer, sender[0]):
                        if len(found) < MAX_FOUND:
                            found.setdefault(each.url, each)
        except TimeoutError:
            pass  # the time is over, as it was asked for
    return sorted(found.values())


def matches(answer: bytes, sender: str) -> list[Found]:
    """The cameras that an answer tells; none of one that cannot be read."""
    try:
        root, _ = tree(answer)
    except DecodeError:
        return []
    return [
        each for match in root.all("ProbeMatch") if (each := _match(match.told("XAddrs"), match.told("Scopes"), sender))
    ]


def _match(addresses: str, scopes: str, sender: str) -> Found | None:
    for address in addresses.split():
        try:
            url = urlsplit(address)
            port = url.port
        except ValueError:
            continue
        if url.scheme in ("http", "https") and url.path.isprintable():
            at = sender if port is None else f"{sender}:{port}"
            told = {name: _scope(scopes, begin) for name, begin in _SCOPES.items()}
            return Found(f"{url.scheme}://{at}{url.path}", told["name"], told["model"])
    return None


def _scope(scopes: str, begin: str) -> str:
    told = next((each.removeprefix(begin) for each in scopes.split() if each.startswith(begin)), "")
    return "".join(each for each in unquote(told)[:80] if each.isprintable())
