"""`hub frame capture`, `replay` and `check` of captures: what a station sends goes into a file, and comes out of it."""

import asyncio
import json
import sys
from pathlib import Path

from tests.support.dtu import HEARTBEAT, FakeSlave, with_crc
from tests.support.hub import run_hub
from tests.support.process import Process, free_port, wait_until

REQUEST = bytes.fromhex("010300000002C40B")
ANSWER = FakeSlave({0: 658, 1: 0xFF9B}).answer(REQUEST[:-2])
FIRE = bytes.fromhex("40400100010112161305051A0000000000000000000000000000000002" + "00" * 4)


class Upstream:
    """A server that asks once who has registered, and keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard = bytearray()
        self.heard.append(b"")
        while data := await reader.read(1000):
            heard += data
            self.heard[-1] = bytes(heard)
            if bytes(heard) == b"860000000000027":
                writer.write(REQUEST)
        writer.close()


async def _station(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"860000000000027")
    assert await reader.readexactly(len(REQUEST)) == REQUEST
    for piece in (ANSWER, HEARTBEAT, HEARTBEAT, with_crc(b"\x01\x83\x02"), b"\x99\x98"):
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.1)
    writer.close()


async def test_a_capture_of_both_sides_names_each_piece_and_can_be_sent_again(tmp_path: Path) -> None:
    upstream, port, file = Upstream(), free_port(), tmp_path / "station.jsonl"
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    to = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    given = [
        "frame",
        "capture",
        "--port",
        str(port),
        "--host",
        "127.0.0.1",
        "--to",
        to,
        "--out",
        str(file),
        "--lang",
        "en",
    ]
    process = Process([sys.executable, "-m", "app.main", *given], tmp_path / "capture.log", {"COLUMNS": "200"})
    process.start()
    await asyncio.to_thread(process.wait_for_port, port)
    await _station(port)
    await asyncio.to_thread(wait_until, lambda: b"9998" in file.read_bytes(), "all of it is kept")
    process.kill()
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert lines[0]["ganzhi"] == "capture"
    told = [(line["from"], line["is"]) for line in lines if "from" in line]
    assert [side for side, _ in told] == ["station", "server", *["station"] * 5]
    expected = (
        "IMEI",
        "asked for 0 to 1",
        "answers, function 3, 4 bytes",
        "text",
        "for the 2. time",
        "exception 2",
        "no protocol",
    )
    assert [word in text for word, (_, text) in zip(expected, told, strict=True)] == [True] * 7, told
    printed = process.text()
    assert "01 03 04 02 92 FF 9B 5A 3D" in printed

    status, checked = await asyncio.to_thread(
        run_hub, "frame", "check", str(file), "--lang", "zh", env={}, folder=tmp_path
    )
    assert status == 0
    assert "从站 1 应答" in checked

    upstream.heard.clear()
    plain = tmp_path / "plain.txt"
    plain.write_text("hello\n")
    status, said = await asyncio.to_thread(run_hub, "frame", "replay", str(plain), "--to", to, env={}, folder=tmp_path)
    assert (status, "is no capture: record one with" in said) == (1, True), said
    replayed = ("frame", "replay", str(file), "--to", to, "--speed", "20", "--lang", "en")
    status, _ = await asyncio.to_thread(run_hub, *replayed, env={}, folder=tmp_path)
    assert status == 0
    sent = b"860000000000027" + ANSWER + HEARTBEAT * 2 + with_crc(b"\x01\x83\x02") + b"\x99\x98"
    assert sent in upstream.heard, "the same bytes, after the server asked"
    server.close()
