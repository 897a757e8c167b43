"""Clients without a token that send without an end and read nothing; one that is cut off comes back.

Run as a process of its own: python -m tests.support.flood PORT KIND --connections 50. Ends with its standard input;
prints one JSON object then: sent (bytes), cut (connections that the hub ended).
"""

import argparse
import json
import os
import select
import selectors
import socket
import sys
import time
from contextlib import suppress

ENDLESS = b"a" * 65_536
HOST = b"Host: 127.0.0.1\r\n"
CHUNKED = b"POST /api/v1/telemetry:batch HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
PUT = b"PUT /api/v1/rules/r HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"
WITH_BODY = b"POST /healthz HTTP/1.1\r\n" + HOST + b"Content-Length: 16000\r\n\r\n" + b"a" * 16_000
LOGIN = b'{"name":"admin","password":"not the right one"}'
TO_LOGIN = b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
WRONG = b"GET /api/v1/devices HTTP/1.1\r\n" + HOST + b"Authorization: Bearer gz_wrong\r\n\r\n"
KINDS = {
    "logins": (b"", TO_LOGIN + b"Content-Length: %d\r\n\r\n" % len(LOGIN) + LOGIN),
    "requests": (b"", (b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n") * 1000),
    "descriptions": (b"", (b"GET /api/v1/openapi.json HTTP/1.1\r\n" + HOST + b"\r\n") * 1000),
    "tokens": (b"", WRONG),
    "slow": (PUT, b"a"),
    "refused": (b"", (b"GET /api/v1/devices HTTP/1.1\r\n" + HOST + b"\r\n") * 1000),
    "line": (b"GET /", ENDLESS),
    "header": (b"GET / HTTP/1.1\r\n" + HOST + b"X: ", ENDLESS),
    "headers": (b"GET / HTTP/1.1\r\n" + HOST, b"a:\r\n" * 16_000),
    "trailer": (CHUNKED + b"0\r\nX: ", ENDLESS),
    "extension": (CHUNKED + b"1;x=", ENDLESS),
    "line ends": (CHUNKED + b"fffffff\r\n", b"\r\n" * 32_000),
    "body": (PUT, ENDLESS),
    "bodies": (b"", (WITH_BODY + b"GET / HTTP/1.1\r\n\r\n") * 10),
}
"""By name: what a connection sends first, and what again and again."""


class _Client:
    def __init__(self, port: int, kind: str) -> None:
        self._first, self._again = KINDS[kind]
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with suppress(BlockingIOError):
            self.socket.connect(("127.0.0.1", port))
        self._left = memoryview(self._first or self._again)

    def write(self) -> int:
        """Send what the socket takes; OSError once the hub has closed it."""
        sent = self.socket.send(self._left)
        self._left = self._left[sent:] or memoryview(self._again)
        return sent


def main() -> None:
    """Send until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--per-s", type=float, help="writes of all of them together; left out: as many as go")
    given = parser.parse_args()
    selector = selectors.DefaultSelector()
    selector.register(sys.stdin, selectors.EVENT_READ)
    sent = cut = 0

    def come() -> None:
        client = _Client(given.port, given.kind)
        selector.register(client.socket, selectors.EVENT_WRITE, client)

    for _ in range(given.connections):
        come()
    ended, began, writes = False, time.monotonic(), 0
    while not ended:
        if given.per_s and (early := began + writes / given.per_s - time.monotonic()) > 0:
            time.sleep(min(early, 0.1))
            ended = bool(select.select([sys.stdin], [], [], 0)[0])
            continue
        for key, _ in selector.select(0.1):
            if given.per_s and began + writes / given.per_s > time.monotonic():
                break
            if key.data is None:
                ended = not os.read(sys.stdin.fileno(), 1)
                continue
            try:
                sent += key.data.write()
                writes += 1
            except OSError:
                cut += 1
                selector.unregister(key.fileobj)
                key.data.socket.close()
                come()
    sys.stdout.write(json.dumps({"sent": sent, "cut": cut}) + "\n")


if __name__ == "__main__":
    main()
