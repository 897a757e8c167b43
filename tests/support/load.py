"""A load generator that is not the bottleneck: MQTT packets encoded ahead, written in blocks, windowed by PUBACKs.

Run as a process of its own: python -m tests.support.load PORT --shape one --messages 400000 [--rate 10000]
Prints one JSON object: acknowledged, seconds, encoded_s. Message k of device d carries the time
start_ms + k and the value k, so that the store can be checked row by row.
"""

import argparse
import json
import selectors
import socket
import struct
import sys
import time
from collections.abc import Iterable

PACK = 24
BLOCK = 200
CONNECTIONS = 4
WINDOW = 8_000  # unacknowledged messages on a connection; packet ids come round after 65,535


def device(number: int) -> str:
    """The code of a bench device."""
    return f"bench-{number:05d}"


def message(shape: str, prefix: str, devices: int, index: int, start_ms: int) -> tuple[str, bytes]:
    """Topic and payload of message `index`; each device's times rise by a second."""
    code = device(index % devices)
    turn = index // devices
    if shape == "one":
        ts = start_ms + turn * 1000
        return f"{prefix}/{code}/telemetry", b'{"ts":%d,"values":{"m0":%d.5}}' % (ts, index)
    base = (start_ms + turn * PACK * 1000) / 1000
    first = b'{"bn":"%s:","bt":%.3f,"n":"m0","v":%d.5}' % (code.encode(), base, index)
    rest = b"".join(b',{"n":"m%d","t":%d,"v":%d.5}' % (i % 4, i, index) for i in range(1, PACK))
    return f"{prefix}/{code}/senml", b"[" + first + rest + b"]"


def packet(topic: str, payload: bytes, packet_id: int) -> bytes:
    """An MQTT 3.1.1 PUBLISH with QoS 1."""
    head = struct.pack("!H", len(topic)) + topic.encode() + struct.pack("!H", packet_id)
    left, length = len(head) + len(payload), b""
    while True:
        left, seven = divmod(left, 128)
        length += bytes([seven | 128 if left else seven])
        if not left:
            return b"\x32" + length + head + payload


class Connection:
    """One publisher: blocks of encoded packets, and how many of them are acknowledged."""

    def __init__(self, port: int, number: int, blocks: Iterable[tuple[int, bytes]]) -> None:
        self._blocks = iter(blocks)
        self.sent = self.acknowledged = 0
        self._rest = b""
        self._half = 0
        self.socket = socket.create_connection(("127.0.0.1", port))
        name = f"bench-load-{number}".encode()
        body = b"\x00\x04MQTT\x04\x02\x00\x00" + struct.pack("!H", len(name)) + name
        self.socket.sendall(b"\x10" + bytes([len(body)]) + body)
        if self.socket.recv(4) != b"\x20\x02\x00\x00":
            raise ConnectionError("the broker refuses the connection")
        self.socket.setblocking(False)

    def write(self, allowed: int) -> None:
        """Send blocks while the window and the rate (`allowed` messages in all) permit."""
        while self._rest or (self.sent < allowed and self.sent - self.acknowledged < WINDOW):
            if not self._rest:
                count, self._rest = next(self._blocks, (0, b""))
                if not count:
                    return
                self.sent += count
            try:
                written = self.socket.send(self._rest)
            except BlockingIOError:
                return
            self._rest = self._rest[written:]

    def read(self) -> None:
        """Count PUBACKs: four bytes each."""
        got = len(self.socket.recv(1 << 16)) + self._half
        self.acknowledged += got // 4
        self._half = got % 4


def main() -> None:
    """Encode, publish, wait for every acknowledgement, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("--shape", choices=("one", "pack"), default="one")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--devices", type=int, default=10_000)
    parser.add_argument("--prefix", default="ganzhi/v1")
    parser.add_argument("--start-ms", type=int, default=int(time.time() * 1000) - 86_400_000)
    parser.add_argument("--rate", type=int, default=0, help="messages a second; 0 is as fast as the broker takes them")
    given = parser.parse_args()

    began = time.monotonic()
    packets: list[list[bytes]] = [[] for _ in range(CONNECTIONS)]
    for index in range(given.messages):
        mine = packets[index % given.devices % CONNECTIONS]  # a device stays on its connection, so in order
        topic, payload = message(given.shape, given.prefix, given.devices, index, given.start_ms)
        mine.append(packet(topic, payload, len(mine) % 65_535 + 1))
    connections = [
        Connection(
            given.port,
            number,
            [(len(mine[i : i + BLOCK]), b"".join(mine[i : i + BLOCK])) for i in range(0, len(mine), BLOCK)],
        )
        for number, mine in enumerate(packets)
    ]
    encoded = time.monotonic() - began
    sys.stderr.write("encoded\n")
    sys.stderr.flush()

    selector = selectors.DefaultSelector()
    for connection in connections:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
    began = time.monotonic()
    totals = [len(mine) for mine in packets]
    while any(one.acknowledged < total for one, total in zip(connections, totals, strict=True)):
        passed = time.monotonic() - began
        for connection, total in zip(connections, totals, strict=True):
            share = total / given.messages
            connection.write(int(passed * given.rate * share) if given.rate else total)
        for key, _ in selector.select(0.002):
            key.data.read()
    seconds = time.monotonic() - began
    done = sum(connection.acknowledged for connection in connections)
    sys.stdout.write(json.dumps({"acknowledged": done, "seconds": seconds, "encoded_s": encoded}) + "\n")


if __name__ == "__main__":
    main()
