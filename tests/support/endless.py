"""A load without an end: as `tests.support.load`, but its packets are sent again and again, with later times.

Run as a process of its own: python -m tests.support.endless PORT --shape one. Reads from standard input how many
messages it may have sent in all, a number a line, and ends when that is closed. Prints one JSON object: sent.
"""

import argparse
import json
import os
import selectors
import sys
from collections.abc import Iterator

import numpy as np

from tests.support.load import BLOCK, CONNECTIONS, Connection, message, packet

DEVICES = 10_000
TURNS = 36
"""Messages of each device that are encoded ahead."""
SECONDS = {"one": 1, "pack": 24}
"""Between two messages of a device."""
WIDTH = {"one": 13, "pack": 14}
"""Characters of a time: milliseconds, or seconds with three decimals."""


class Round:
    """The encoded packets of one connection, whose times can be moved."""

    def __init__(self, shape: str, number: int, start_ms: int) -> None:
        self._shape, self._start_ms = shape, start_ms
        packets = list[bytes]()
        for index in range(number, TURNS * DEVICES, CONNECTIONS):  # DEVICES is a multiple: a device stays on its own
            packets.append(packet(*message(shape, "ganzhi/v1", DEVICES, index, start_ms), len(packets) % 65_535 + 1))
        ends = np.cumsum([len(one) for one in packets])
        key = b'"ts":' if shape == "one" else b'"bt":'
        inside = np.array([one.index(key) + len(key) for one in packets])
        self._places = (ends - [len(one) for one in packets] + inside)[:, None] + np.arange(WIDTH[shape])
        self._turns = np.arange(number, TURNS * DEVICES, CONNECTIONS) // DEVICES
        self._bytes = np.frombuffer(b"".join(packets), np.uint8).copy()
        self._ends = [0, *ends[BLOCK - 1 :: BLOCK].tolist(), int(ends[-1])]
        self._count = len(packets)

    def blocks(self) -> Iterator[tuple[int, bytes]]:
        """Blocks of packets without an end: how many, and their bytes."""
        moved = 0
        while True:
            left = self._count
            for start, end in zip(self._ends, self._ends[1:], strict=False):
                if end > start:
                    yield min(BLOCK, left), self._bytes[start:end].tobytes()
                    left -= BLOCK
            moved += TURNS
            self._move(moved)

    def _move(self, turns: int) -> None:
        step = SECONDS[self._shape] * 1000
        times = [self._start_ms + (turns + turn) * step for turn in range(TURNS)]
        texts = [b"%d" % ms if self._shape == "one" else b"%d.%03d" % divmod(ms, 1000) for ms in times]
        self._bytes[self._places] = np.frombuffer(b"".join(texts), np.uint8).reshape(TURNS, -1)[self._turns]


def main() -> None:
    """Encode, then send what is allowed until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("--shape", choices=("one", "pack"), default="one")
    parser.add_argument("--start-ms", type=int, required=True)
    given = parser.parse_args()
    rounds = [Round(given.shape, number, given.start_ms) for number in range(CONNECTIONS)]
    connections = [Connection(given.port, number, one.blocks()) for number, one in enumerate(rounds)]
    sys.stderr.write("encoded\n")
    sys.stderr.flush()
    selector = selectors.DefaultSelector()
    for connection in connections:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
    selector.register(sys.stdin, selectors.EVENT_READ)
    allowed, text, ended = 0, b"", False
    while not ended or any(connection.acknowledged < connection.sent for connection in connections):
        for key, _ in selector.select(0.002):
            if key.data is not None:
                key.data.read()
            elif heard := os.read(sys.stdin.fileno(), 1 << 16):
                *lines, text = (text + heard).split(b"\n")
                allowed = int(lines[-1]) if lines else allowed
            else:
                ended, allowed = True, 0
                selector.unregister(sys.stdin)
        for connection in connections:
            connection.write(allowed // CONNECTIONS)
    sys.stdout.write(json.dumps({"sent": sum(connection.sent for connection in connections)}) + "\n")


if __name__ == "__main__":
    main()
