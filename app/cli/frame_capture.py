"""`hub frame capture` and `hub frame replay`: record what a station sends, and send it again."""

import asyncio
import json
import time
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Annotated

import typer
from rich.text import Text

from app.cli.client import err, fail, out
from app.cli.diagnose import LangOption, language
from devices.diagnosis.capture import HEAD, CaptureError, Namer, Piece, Side, is_capture, line_of, pieces
from hub.words import Lang
from hub.words.sentence import told

MOST_CONNECTIONS = 200
"""At one time: who looks at one station needs no more, and a port that is open to all must have a bound."""
_AT_ONCE = 64 << 10
_WAIT_S = 5.0
"""How long a replay waits for what the server said in the capture."""
_ARROWS = {"station": ("→", "cyan"), "server": ("←", "magenta")}


def capture(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where the station is to connect to.")],
    file: Annotated[Path | None, typer.Option("--out", help="Also into this file, for `hub frame replay`.")] = None,
    to: Annotated[
        str | None, typer.Option(help="HOST:PORT of the server that answers it; both ways are recorded.")
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "0.0.0.0",  # noqa: S104 stations are outside
    seconds: Annotated[float | None, typer.Option(min=0.1, help="End after so long; left out: at Ctrl-C.")] = None,
    lang: LangOption = None,
) -> None:
    """Listen for a station, and record and name what it sends. Without --to nothing answers it.

    Example:  hub frame capture --port 5020 --out station.jsonl

    Example:  hub frame capture --port 5020 --to 127.0.0.1:5021 --out both.jsonl
    """
    upstream = None if to is None else _address(to)
    if file is not None and file.exists() and file.stat().st_size:
        fail(f"{file} is there already: name another file, or move it away")
    with _Kept(file) as kept:
        recorder = _Recorder(kept, language(lang), {"port": port, "to": to})
        with suppress(KeyboardInterrupt):
            try:
                asyncio.run(_listen(host, port, upstream, seconds, recorder))
            except OSError as error:
                fail(f"port {port}: {error.strerror}")
    err.print(
        Text(f"{recorder.number} connections, {recorder.pieces} pieces" + (f" in {file}" if file else ""), style="dim")
    )


def replay(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="As `hub frame capture` writes it.")],
    to: Annotated[str, typer.Option(help="HOST:PORT of the server that it is sent to.")],
    speed: Annotated[float, typer.Option(min=0.01, help="2 is twice as fast as it was; 1000 is at once.")] = 1.0,
    lang: LangOption = None,
) -> None:
    """Send what stations sent in a capture, in its time; where the server spoke, wait until it speaks again.

    Example:  hub frame replay station.jsonl --to 127.0.0.1:5020
    """
    octets = file.read_bytes()
    if not is_capture(octets):
        fail(f"{file} is no capture: record one with  hub frame capture --port PORT --out {file.stem}.jsonl")
    try:
        found = list(pieces(octets.decode().splitlines()))
    except (CaptureError, UnicodeDecodeError) as error:
        fail(f"{file} is a capture that was changed or cut: {error}; delete that line, or record it again")
    if not any(piece.side == "station" for piece in found):
        fail(f"{file} holds nothing that a station sent")
    try:
        asyncio.run(_play(found, _address(to), speed, _Recorder(None, language(lang), {})))
    except OSError as error:
        fail(f"{to}: {error.strerror or error}")


def tell_capture(text: bytes, lang: Lang) -> None:
    """Print each piece of a capture with what it is; ends the command when a line is none."""
    recorder = _Recorder(None, lang, {})
    try:
        for piece in pieces(text.decode("utf-8-sig").splitlines()):
            if piece.side is not None:
                recorder.take(piece.connection, piece.side, piece.octets, piece.at)
    except (CaptureError, UnicodeDecodeError) as error:
        fail(f"this is no capture: {error}")


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        fail(f"--to {text}: write it like 127.0.0.1:5020")
    return host.strip("[]"), int(port)


class _Kept:
    """A file that is flushed by the line, or none."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._kept: IO[str] | None = None

    def __enter__(self) -> IO[str] | None:
        if self._file is None:
            return None
        try:
            self._kept = self._file.open("w", encoding="utf-8", buffering=1)
        except OSError as error:
            fail(f"{self._file}: {error.strerror}")
        return self._kept

    def __exit__(self, *_: object) -> None:
        if self._kept is not None:
            self._kept.close()


class _Recorder:
    """Prints each piece with what it is, and keeps it."""

    def __init__(self, kept: IO[str] | None, lang: Lang, head: dict[str, object]) -> None:
        self._kept, self._lang, self._began = kept, lang, time.monotonic()
        self._namers: dict[int, Namer] = defaultdict(Namer)
        self.number, self.pieces = 0, 0
        if kept is not None:
            started = datetime.now(UTC).isoformat(timespec="seconds")
            kept.write(json.dumps({**HEAD, "started": started, **head}) + "\n")

    def open(self) -> int:
        """The number of a new connection."""
        self.number += 1
        self._keep(Piece(self._at(), self.number, event="open"))
        return self.number

    def close(self, connection: int) -> None:
        """A connection has ended."""
        self._namers.pop(connection, None)
        self._keep(Piece(self._at(), connection, event="close"))

    def take(self, connection: int, side: Side, octets: bytes, at: float | None = None) -> None:
        """One side sent something; `at` in seconds of the capture, left out: now."""
        named = self._namers[connection].name(side, octets, time.time_ns() // 1000)
        piece = Piece(self._at() if at is None else at, connection, side, octets)
        self.pieces += 1
        self._keep(piece, named)
        arrow, colour = _ARROWS[side]
        shown = octets.hex(" ").upper()
        shown = shown if len(shown) <= 120 else f"{shown[:117]}..."
        spoken = "; ".join(told(each, self._lang) for each in named)
        line = Text.assemble(
            (f"{piece.at:9.3f} {connection} {arrow} ", colour), shown, ("\n" + 14 * " " + spoken, "bold")
        )
        out.print(line, soft_wrap=True)

    def _keep(self, piece: Piece, named: list[str] | None = None) -> None:
        if self._kept is not None:
            self._kept.write(line_of(piece, named or ()) + "\n")

    def _at(self) -> float:
        return time.monotonic() - self._began


async def _listen(
    host: str, port: int, upstream: tuple[str, int] | None, seconds: float | None, recorder: _Recorder
) -> None:
    open_now: set[int] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(open_now) >= MOST_CONNECTIONS:
            writer.transport.abort()
            return
        number = recorder.open()
        open_now.add(number)
        try:
            await _relay(number, reader, writer, upstream, recorder)
        finally:
            open_now.discard(number)
            recorder.close(number)
            writer.close()

    server = await asyncio.start_server(serve, host, port, limit=_AT_ONCE)
    async with server:
        err.print(Text(f"listening at {host}:{port}; Ctrl-C ends it", style="dim"))
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await server.serve_forever()


async def _relay(
    number: int,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    upstream: tuple[str, int] | None,
    recorder: _Recorder,
) -> None:
    """Record one connection until either side ends."""
    if upstream is None:
        await _pass(reader, None, partial(recorder.take, number, "station"))
        return
    try:
        far_reader, far_writer = await asyncio.open_connection(*upstream)
    except OSError as error:
        err.print(Text(f"{upstream[0]}:{upstream[1]}: {error.strerror or error}", style="red"))
        return
    up, down = partial(recorder.take, number, "station"), partial(recorder.take, number, "server")
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_pass(reader, far_writer, up, ends=True), name="capture.up")
            group.create_task(_pass(far_reader, writer, down, ends=True), name="capture.down")
    except* _Ended:
        pass
    finally:
        far_writer.close()


class _Ended(Exception):
    """One side has hung up"""


async def _pass(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter | None, tell: "partial[None]", ends: bool = False
) -> None:
    """Pass on what is read until its end; `ends`: that ends the other way, too."""
    with suppress(ConnectionError):
        while octets := await reader.read(_AT_ONCE):
            tell(octets)
            if writer is not None:
                writer.write(octets)
                await writer.drain()
    if ends:
        raise _Ended


async def _play(found: list[Piece], to: tuple[str, int], speed: float, recorder: _Recorder) -> None:
    """Each connection of the capture on one of its own."""
    of: dict[int, list[Piece]] = defaultdict(list)
    for piece in found:
        of[piece.connection].append(piece)
    async with asyncio.TaskGroup() as group:
        for some in of.values():
            group.create_task(_play_one(some, to, speed, recorder), name="replay")


async def _play_one(some: list[Piece], to: tuple[str, int], speed: float, recorder: _Recorder) -> None:
    await asyncio.sleep(some[0].at / speed)
    reader, writer = await asyncio.open_connection(*to)
    number = recorder.open()
    spoken = asyncio.Event()

    async def hear() -> None:
        while octets := await reader.read(_AT_ONCE):
            recorder.take(number, "server", octets)
            spoken.set()

    try:
        async with asyncio.TaskGroup() as group:
            hearing = group.create_task(hear(), name="replay.hear")
            await _say(some, speed, partial(recorder.take, number, "station"), writer, spoken)
            await asyncio.wait([hearing], timeout=1.0 / max(speed, 1.0) + 0.2)
            hearing.cancel()
    finally:
        recorder.close(number)
        writer.close()


async def _say(
    some: list[Piece], speed: float, tell: "partial[None]", writer: asyncio.StreamWriter, spoken: asyncio.Event
) -> None:
    """Send what the station sent in its time; where the server spoke in the capture, wait until it has spoken."""
    last = some[0].at
    for piece in some:
        if piece.side == "server":
            with suppress(TimeoutError):
                async with asyncio.timeout(_WAIT_S):
                    await spoken.wait()
            spoken.clear()
        elif piece.side == "station":
            await asyncio.sleep(max(piece.at - last, 0.0) / speed)
            tell(piece.octets)
            writer.write(piece.octets)
            await writer.drain()
        last = piece.at
