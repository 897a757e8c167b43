"""HTTP requests encoded ahead, each connection with one request under way; for benches.

Run as a process of its own: python -m tests.support.http_load PORT --shape one --messages 20000 [--rate 1000]
"""

import argparse
import json
import selectors
import socket
import sys
import time

from tests.support.load import message

CONNECTIONS = 32


def request(shape: str, devices: int, index: int, start_ms: int) -> bytes:
    """Message `index` of tests.support.load as a POST."""
    topic, body = message(shape, "x", devices, index, start_ms)
    _, device, form = topic.split("/")
    head = f"POST /api/v1/devices/{device}/{form} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Connection:
    """One client: sends its next request when the answer to the one before is whole."""

    def __init__(self, port: int, requests: list[bytes]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self._requests = requests[::-1]
        self._answer = b""
        self.waiting = False
        self.done = 0

    @property
    def ended(self) -> bool:
        """Whether every request has its answer."""
        return not self._requests and not self.waiting

    def send(self) -> None:
        """Send the next request."""
        self.socket.sendall(self._requests.pop())
        self.waiting = True

    def read(self) -> None:
        """Take a part of an answer; RuntimeError when it is no 202."""
        received = self.socket.recv(1 << 16)
        if not received:
            raise ConnectionError(f"the hub closed the connection after {self.done} answers: {self._answer!r}")
        self._answer += received
        head, gap, body = self._answer.partition(b"\r\n\r\n")
        if not gap:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(body) < length:
            return
        if not head.startswith(b"HTTP/1.1 202"):
            raise RuntimeError(self._answer.decode(errors="replace"))
        self._answer = body[length:]
        self.waiting = False
        self.done += 1


def main() -> None:
    """Encode, send, wait for every answer, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("--shape", choices=("one", "pack"), default="one")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--devices", type=int, default=10_000)
    parser.add_argument("--start-ms", type=int, required=True)
    parser.add_argument("--rate", type=int, default=0)
    given = parser.parse_args()
    requests = [request(given.shape, given.devices, i, given.start_ms) for i in range(given.messages)]
    connections = [Connection(given.port, requests[number::CONNECTIONS]) for number in range(CONNECTIONS)]
    sys.stderr.write("encoded\n")
    sys.stderr.flush()
    selector = selectors.DefaultSelector()
    for connection in connections:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
    began, sent = time.monotonic(), 0
    while not all(connection.ended for connection in connections):
        allowed = (time.monotonic() - began) * given.rate if given.rate else given.messages
        for connection in connections:
            if not connection.waiting and not connection.ended and sent <= allowed:
                connection.send()
                sent += 1
        for key, _ in selector.select(0.002):
            if key.data.waiting:
                key.data.read()
    done = sum(connection.done for connection in connections)
    sys.stdout.write(json.dumps({"acknowledged": done, "seconds": time.monotonic() - began}) + "\n")


if __name__ == "__main__":
    main()
