"""Networks that outgoing calls may be allowed to, as the settings write them, and those that are never called. Pure."""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final, NamedTuple

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
PORT_MAX = 65535
_WRITTEN = re.compile(r"(?P<v4>[0-9.]+)|\[?(?P<v6>[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)\]?")
_LOOPBACK: Final = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
NEVER: Final[tuple[tuple[str, tuple[Network, ...]], ...]] = (
    (
        "metadata",  # keys of cloud machines are told there: AWS, Alibaba, Azure, Oracle, and those of IPv6
        tuple(
            map(
                ip_network,
                (
                    "169.254.169.254",
                    "100.100.100.200",
                    "168.63.129.16",
                    "192.0.0.0/24",
                    "fd00:ec2::254",
                    "fd20:ce::254",
                ),
            )
        ),
    ),
    ("link_local", (ip_network("169.254.0.0/16"), ip_network("fe80::/10"), ip_network("fec0::/10"))),
    ("multicast", (ip_network("224.0.0.0/4"), ip_network("ff00::/8"))),
    ("unspecified", (ip_network("0.0.0.0/8"), ip_network("::/128"))),
    ("reserved", (ip_network("240.0.0.0/4"),)),  # broadcast, too
    # Forms that reach some IPv4 address by way of a relay or a translator of which the hub cannot know where it leads.
    ("relayed", tuple(map(ip_network, ("::/96", "64:ff9b:1::/48", "2001::/32", "192.88.99.0/24")))),
)
"""What an address is, in the words of `refusal.outgoing.*`, and the networks. Checked in this order, after loopback."""
_NAT64, _6TO4 = ip_network("64:ff9b::/96"), ip_network("2002::/16")


class AllowedNetwork(NamedTuple):
    """One entry of a list in the section [outgoing]."""

    network: Network
    ports: tuple[range, ...]
    """Empty: every port."""

    def allows(self, address: Address, port: int) -> bool:
        """Whether a call may go there. Loopback is allowed by an entry for loopback alone, never by a wide one."""
        if is_loopback(address) and not is_loopback(self.network.network_address):
            return False
        fits = address.version == self.network.version and address in self.network
        return fits and (not self.ports or any(port in each for each in self.ports))


def is_loopback(address: Address) -> bool:
    """Whether it is this machine's own."""
    return any(address.version == each.version and address in each for each in _LOOPBACK)


def never_called(address: Address) -> str | None:
    """What an address is that is called for nobody, a key of NEVER; None for loopback, private and public ones."""
    if is_loopback(address):
        return None
    if isinstance(address, IPv6Address) and (address in _NAT64 or address in _6TO4) and not _inner(address).is_global:
        return "relayed"
    return next(
        (what for what, some in NEVER if any(address.version == each.version and address in each for each in some)),
        None,
    )


def reached(address: Address) -> Address:
    """The address that is judged: of an IPv6 address that stands for an IPv4 one on the internet, that one."""
    if isinstance(address, IPv4Address):
        return address
    if address.scope_id is not None:
        address = IPv6Address(int(address))
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64 or address in _6TO4:
        return _inner(address) if _inner(address).is_global else address
    return address


def _inner(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) >> (0 if address in _NAT64 else 80) & 0xFFFF_FFFF)


def parse_allowed(text: str) -> AllowedNetwork:
    """An entry: `10.0.0.0/8`, `10.1.2.3:443,8443`, `10.0.0.0/8:8000-8099`, `[fd00::1]:443`, `[fd00::]/8:443`.

    ValueError says what is wrong with it.
    """
    found = re.fullmatch(rf"(?:{_WRITTEN.pattern})(?:/(?P<bits>[0-9]{{1,3}}))?(?::(?P<ports>[0-9,-]+))?", text)
    if found is None or (found["v6"] and found["ports"] and "]" not in text):
        raise ValueError(_how(text))
    written = found["v4"] or found["v6"]
    try:
        network = ip_network(f"{written}/{found['bits']}" if found["bits"] else written)
    except ValueError as error:
        raise ValueError(f"{_how(text)} ({error})") from error
    if (what := never_called(network.network_address)) and what == never_called(network.broadcast_address):
        raise ValueError(f"'{text}' is never called, whatever is allowed: leave it out")
    return AllowedNetwork(network, tuple(map(_ports, found["ports"].split(","))) if found["ports"] else ())


def _ports(text: str) -> range:
    first, dash, last = text.partition("-")
    numbers = range(int(first or 0), int((last if dash else first) or 0) + 1)
    if not numbers or numbers[0] < 1 or numbers[-1] > PORT_MAX:
        raise ValueError(f"'{text}' is no port: write one from 1 to 65535, several with commas, or 8000-8099")
    return numbers


def _how(text: str) -> str:
    return f"'{text}' is no network: write it like 10.0.0.0/8, 10.1.2.3:443,8443 or [fd00::]/8:443"
