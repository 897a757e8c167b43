"""Sockets that are bound before anything else is begun: a port in use is told at once, not once the store is there."""

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from hub.errors import ConfigError


@contextmanager
def bound(host: str, port: int, setting: str) -> Iterator[list[socket.socket]]:
    """Sockets for each address of a host, bound and not listening yet; ConfigError names the setting ("api.port")."""
    section = setting.partition(".")[0]
    with ExitStack() as stack:
        try:
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        except OSError as error:
            raise ConfigError(f"{section}.host {host!r} has no address on this machine: {error.strerror}") from error
        sockets: list[socket.socket] = []
        fault: OSError | None = None
        for family, kind, protocol, _, address in dict.fromkeys(addresses):
            try:
                one = stack.enter_context(socket.socket(family, kind, protocol))
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                one.bind(address)
            except OSError as error:
                fault = fault or error
            else:
                sockets.append(one)
        if fault is not None and (not sockets or fault.errno == errno.EADDRINUSE):
            raise ConfigError(_sentence(fault, host, port, setting)) from fault
        yield sockets


def _sentence(fault: OSError, host: str, port: int, setting: str) -> str:
    if fault.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use by another program: end it (ss -ltnp names it), or set {setting}"
    if fault.errno == errno.EACCES:
        return f"port {port} of {host} may not be opened by this user: set {setting} to one above 1023"
    return f"port {port} of {host} cannot be opened: {fault.strerror}: correct {setting} and its host"
