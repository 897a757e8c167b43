"""A connection to a superior platform of HJ 212, on which the hub is a station: it uploads, and waits for 9014."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

from devices.codecs.hj212.crc import LONGEST
from devices.codecs.hj212.frame import AFTER, BEFORE, HEAD, read, written
from hub.errors import DecodeError, TransientError
from hub.words.sentence import Sentence

ANSWER_S, RESENDS = 5.0, 3
"""How long a reply is waited for, and how often what is not answered is sent again: the standard's own numbers."""
OPEN_S = 10.0
TAKEN = "9014"
_REQUEST_ANSWER, _EXECUTED = "9011", "9012"
_REFUSED = 2
"""QnRtn and ExeRtn of a request that is not carried out."""
_ANSWERED = 1
MOST_BUFFERED = 2 * (BEFORE + LONGEST + AFTER)
"""Bytes without a frame among them; protects memory from a peer that sends something else."""


class SuperiorError(TransientError):
    """The superior platform does not take what it is sent"""

    def __init__(self, sentence: Sentence, taken: Iterable[str] = ()) -> None:
        """`taken`: by QN, what it took before."""
        super().__init__(sentence)
        self.sentence, self.taken = sentence, frozenset(taken)


@asynccontextmanager
async def connected(addresses: Sequence[str], port: int, answer_s: float = ANSWER_S) -> AsyncIterator["Superior"]:
    """Connect to the first of some addresses that answers. SuperiorError when none does."""
    last: Exception | None = None
    for address in addresses:
        try:
            async with asyncio.timeout(OPEN_S):
                reader, writer = await asyncio.open_connection(address, port)
        except (OSError, TimeoutError) as error:
            last = error
            continue
        try:
            yield Superior(reader, writer, answer_s)
        finally:
            writer.transport.abort()
        return
    told = str(last) or f"no connection within {OPEN_S:.0f} s"
    raise SuperiorError(Sentence("forward.unreachable", address=f"{', '.join(addresses)}:{port}", error=told))


class Superior:
    """Delivers frames. What it asks of the hub, which is no station that can be commanded, is refused."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer_s: float) -> None:
        self._reader, self._writer, self._answer_s = reader, writer, answer_s
        self._buffer = b""

    async def deliver(self, frames: Mapping[str, bytes]) -> set[str]:
        """Send frames by their QN, again where one is not answered; returns those that were taken.

        SuperiorError when none of them is, or the connection ends: it tells what was taken before.
        """
        taken = set[str]()
        refusals: dict[str, str] = {}
        try:
            for _ in range(1 + RESENDS):
                open_ = [qn for qn in frames if qn not in taken and qn not in refusals]
                if not open_:
                    break
                self._writer.write(b"".join(frames[qn] for qn in open_))
                async with asyncio.timeout(self._answer_s):  # back-pressure: one that does not read is not sent more
                    await self._writer.drain()
                await self._hear(set(open_), taken, refusals)
        except TimeoutError:
            raise SuperiorError(Sentence("forward.reads_nothing", seconds=f"{self._answer_s:g}"), taken) from None
        except OSError as error:
            raise SuperiorError(Sentence("forward.cut", error=str(error) or type(error).__name__), taken) from error
        if not taken:
            if refusals:
                code = next(iter(refusals.values()))
                raise SuperiorError(Sentence("forward.refused", code=code))
            raise SuperiorError(Sentence("forward.silent", tries=1 + RESENDS, seconds=f"{self._answer_s:g}"))
        return taken

    async def _hear(self, wanted: set[str], taken: set[str], refusals: dict[str, str]) -> None:
        """Read replies until all that is wanted is answered, or nothing comes for a while."""
        try:
            async with asyncio.timeout(self._answer_s):
                while wanted - taken - refusals.keys():
                    data = await self._reader.read(65_536)
                    if not data:
                        raise ConnectionResetError("the platform has closed the connection")
                    for frame in self._frames(data):
                        self._take(frame, wanted, taken, refusals)
        except TimeoutError:
            return

    def _take(self, frame: bytes, wanted: set[str], taken: set[str], refusals: dict[str, str]) -> None:
        try:
            message = read(frame)
        except DecodeError:
            return
        fields = message.fields
        qn, command = fields.get("QN", ""), fields.get("CN", "")
        if qn in wanted and command == TAKEN:
            taken.add(qn)
        elif qn in wanted and command in (_REQUEST_ANSWER, _EXECUTED):
            refusals[qn] = message.data.decode("latin-1")[:80]
        elif command not in (TAKEN, _REQUEST_ANSWER, _EXECUTED):
            self._refuse(fields)

    def _refuse(self, fields: Mapping[str, str]) -> None:
        flag = fields.get("Flag", "")
        if flag.isascii() and flag.isdigit() and len(flag) <= 3 and int(flag) & _ANSWERED:
            told = ";".join(f"{name}={fields.get(name, '')}" for name in ("QN", "ST", "PW", "MN"))
            segment = f"{told};CN={_REQUEST_ANSWER};Flag={int(flag) & ~3};CP=&&QnRtn={_REFUSED}&&"
            self._writer.write(written(segment.encode("latin-1")))

    def _frames(self, data: bytes) -> list[bytes]:
        """Cut what has arrived into frames; what cannot begin one is dropped."""
        buffer, found = self._buffer + data, list[bytes]()
        while (begin := buffer.find(HEAD)) >= 0 and len(buffer) >= begin + BEFORE:
            digits = buffer[begin + 2 : begin + BEFORE]
            if not digits.isdigit():
                buffer = buffer[begin + 1 :]
                continue
            end = begin + BEFORE + int(digits) + AFTER
            if len(buffer) < end:
                break
            found.append(buffer[begin:end])
            buffer = buffer[end:]
        self._buffer = buffer[-MOST_BUFFERED:]
        return found
