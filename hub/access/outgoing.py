"""Guard of outgoing calls: which addresses the hub calls at a URL that somebody gave it (server-side request forgery).

A name is resolved once; what is allowed here is what is connected to. See docs/adr/0022.
"""

import json
import socket
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from ipaddress import ip_address

from hub.access.name_servers import NAMES
from hub.access.outgoing_call import OutgoingRefused, Purpose
from hub.access.outside import is_outside
from hub.access.own_addresses import OwnServer, own_servers
from hub.networks import Address, is_loopback, never_called, parse_allowed, reached
from hub.settings import Settings
from hub.words.sentence import Sentence

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Addresses of a name, as text; OSError when there are none."""
PUBLIC_PORTS: Mapping[Purpose, frozenset[int]] = {
    "webhook": frozenset({443}),
    "oidc": frozenset({443}),
    "camera": frozenset(),
    "mail": frozenset({465, 587}),
    "warnings": frozenset({443}),
    "forward": frozenset(),
    "platform": frozenset({443}),
}
"""Ports of public addresses that are allowed without an entry."""
OWN_FOR_S = 60.0
"""How long the addresses of the hub's own servers are remembered."""


async def resolved(host: str, port: int) -> list[str]:
    """As the system resolves it, forms such as 0177.1 and 2130706433 included.

    What is written in full waits for no thread: those may all wait for a name server.
    """
    with suppress(ValueError):
        return [str(ip_address(host))]
    return await NAMES.addresses(host, port)


class Outgoing:
    """The guard of one process."""

    def __init__(self, settings: Settings, resolve: Resolve = resolved) -> None:
        listed = settings.outgoing
        self._written: dict[Purpose, Sequence[str]] = {
            "webhook": listed.webhook, "camera": listed.camera, "oidc": listed.oidc,
            "mail": listed.mail, "warnings": listed.warnings, "forward": listed.forward,
            "platform": listed.platform,
        }  # fmt: skip
        self._allowed = {purpose: [parse_allowed(text) for text in some] for purpose, some in self._written.items()}
        self._named = frozenset(each.host.lower() for each in listed.outside)
        self._own, self._resolve = own_servers(settings), resolve
        self._known: tuple[float, list[tuple[OwnServer, Address]]] = (float("-inf"), [])

    async def addresses(self, purpose: Purpose, host: str, port: int) -> list[str]:
        """Addresses of a host that may be called, at least one; connect to these and to no others.

        Raises OutgoingRefused, whose sentence names the entry to add, and OSError for a name without addresses.
        """
        self._check_named(host)
        own = await self._own_addresses()
        allowed, refused = list[str](), list[OutgoingRefused]()
        for text in await self._resolve(host, port):
            address = reached(ip_address(text))
            try:
                self._judge(purpose, host, port, address, own)
            except OutgoingRefused as error:
                refused.append(error)
            else:
                allowed.append(str(address) if address.version == 4 and ip_address(text).version == 4 else text)
        if not allowed and refused:
            raise refused[0]
        return allowed

    def check_literal(self, purpose: Purpose, host: str, port: int) -> None:
        """Raise OutgoingRefused for an address that is refused, and for the name of a service outside the country.

        Where other names lead is judged when they are called.
        """
        self._check_named(host)
        try:
            address = reached(ip_address(host))
        except ValueError:
            return
        self._judge(purpose, host, port, address, [])

    def _check_named(self, host: str) -> None:
        if is_outside(host, self._named):
            raise OutgoingRefused(Sentence("refusal.outgoing.outside", host=host))

    def _judge(
        self, purpose: Purpose, host: str, port: int, address: Address, own: list[tuple[OwnServer, Address]]
    ) -> None:
        told = {"host": host if host == str(address) else f"{host} ({address})", "port": port}
        if (what := never_called(address)) is not None:
            raise OutgoingRefused(Sentence("refusal.outgoing.never", what=Sentence(f"outgoing.{what}"), **told))
        for server, its in own:
            if server.port == port and _same(address, its):
                raise OutgoingRefused(
                    Sentence("refusal.outgoing.own", what=Sentence(f"outgoing.{server.what}"), **told)
                )
        if any(entry.allows(address, port) for entry in self._allowed[purpose]):
            return
        if address.is_global and port in PUBLIC_PORTS[purpose]:
            return
        entry = f"{address}:{port}" if address.version == 4 else f"[{address}]:{port}"
        line = f"{purpose} = {json.dumps([*self._written[purpose], entry])}"
        kind = "loopback" if is_loopback(address) else "public" if address.is_global else "private"
        raise OutgoingRefused(Sentence("refusal.outgoing.line", what=Sentence(f"outgoing.{kind}"), line=line, **told))

    async def _own_addresses(self) -> list[tuple[OwnServer, Address]]:
        since, known = self._known
        if time.monotonic() - since > OWN_FOR_S:
            known = []
            for server in self._own:
                try:
                    texts = await self._resolve(server.host, server.port)
                except OSError:
                    continue  # what has no address now is not reached by a name either
                known += [(server, reached(ip_address(text))) for text in texts]
            self._known = time.monotonic(), known
        return known


def _same(address: Address, its: Address) -> bool:
    """Whether a call reaches the same server: a server of this machine may listen at each of its addresses."""
    return address == its or (_of_this_machine(its) and _of_this_machine(address))


def _of_this_machine(address: Address) -> bool:
    if is_loopback(address) or address.is_unspecified:
        return True
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True
