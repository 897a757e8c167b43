"""A DTU that dials in, with slaves that answer rightly, wrongly, late, or not at all."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from devices.codecs.crc16 import crc16

HEARTBEAT = b"www.usr.cn"


def with_crc(body: bytes) -> bytes:
    """A frame of Modbus RTU."""
    return body + crc16(body).to_bytes(2, "little")


@dataclass
class FakeSlave:
    """Holding registers by address; what it lacks it refuses with exception 2."""

    registers: dict[int, int] = field(default_factory=dict)
    written: list[tuple[int, int]] = field(default_factory=list)

    def answer(self, request: bytes) -> bytes:
        """To a request whose checksum is right, without its own."""
        unit, function = request[0], request[1]
        at, count = int.from_bytes(request[2:4], "big"), int.from_bytes(request[4:6], "big")
        if function == 6:
            self.registers[at] = count
            self.written.append((at, count))
            return with_crc(request[:6])
        wanted = range(at, at + count)
        if function != 3 or any(register not in self.registers for register in wanted):
            return with_crc(bytes((unit, function | 0x80, 2)))
        data = b"".join(self.registers[register].to_bytes(2, "big") for register in wanted)
        return with_crc(bytes((unit, function, len(data))) + data)


Mischief = Callable[[bytes, int], list[tuple[float, bytes]]]
"""Of a right answer, and of how often its slave was asked: what is sent instead, each piece after so many seconds."""


def honest(answer: bytes, _: int) -> list[tuple[float, bytes]]:
    """As it should be."""
    return [(0.0, answer)]


@dataclass
class FakeDtu:
    """A connection; requests that are out at one time are counted."""

    registration: bytes
    slaves: dict[int, FakeSlave]
    mischief: Mischief = honest
    asked: list[bytes] = field(default_factory=list)
    most_out: int = 0
    closed: bool = False
    _out: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self, port: int, host: str = "127.0.0.1") -> None:
        """Dial in, register, answer until the hub ends the connection."""
        reader, writer = await asyncio.open_connection(host, port)
        self.writer = writer
        writer.write(self.registration)
        try:
            while request := await reader.read(4096):
                self._out += len(request) // 8
                self.most_out = max(self.most_out, self._out)
                self.asked.append(request)
                task = asyncio.create_task(self._answer(request, writer))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except ConnectionError:
            pass
        finally:
            self.closed = True
            for task in self._tasks:
                task.cancel()
            writer.close()

    def send(self, octets: bytes) -> None:
        """Something that nobody asked for."""
        self.writer.write(octets)

    async def _answer(self, request: bytes, writer: asyncio.StreamWriter) -> None:
        slave = self.slaves.get(request[0])
        pieces = [] if slave is None else self.mischief(slave.answer(request[:-2]), len(self.asked))
        for seconds, piece in pieces:
            await asyncio.sleep(seconds)
            writer.write(piece)
        self._out -= 1
