"""Where a SIP message came from, and its answer goes to: a connection, or the sender of a datagram."""

from typing import Protocol


class Peer(Protocol):
    """An end of the wire."""

    transport: str
    """tcp or udp."""
    host: str
    port: int

    @property
    def local(self) -> tuple[str, int]:
        """The hub's own end."""

    def send(self, octets: bytes) -> bool:
        """Write to it; False where it is gone."""

    def let_go(self, octets: bytes) -> None:
        """One of its messages is not under way any more."""


def shown(host: str, port: int) -> str:
    """host:port, with brackets around IPv6."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
