"""Consumers of alerts in a process of their own, for a bench: each change that came is a line of a file.

python -m tests.support.alert_sinks LOG --hooks PORT --sse PORT --ws PORT --kafka SERVERS --mqtt PORT

A line is NAME AT CURSOR ID VALUE: the path of a webhook or the kind of a stream, seconds of the epoch, 0 where there is
no cursor, the CloudEvent's id, and the alert's value; of a change that a summary names the cursor is -1. It is written
before the hub hears that the change was accepted, and streams go on after the last cursor of the file: it may be killed
at any moment. Paths that begin with /dead are never answered. Prints "ready" once it listens.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from pathlib import Path

import paho.mqtt.client as paho
from aiokafka import AIOKafkaConsumer
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.stream_client import follow

ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


class Log:
    """The file; each message is one write, so that a kill leaves whole lines."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def take(self, name: str, body: bytes, cursor: int = 0) -> None:
        event, at = json.loads(body), time.time()
        told = [(cursor, event["id"], event["data"])]
        if event["type"] == "ganzhi.alerts.summary":
            told = [(-1, change["id"], change) for change in event["data"]["alerts"]]
        lines = [f"{name} {at:.4f} {cursor} {id_} {data.get('value')}\n" for cursor, id_, data in told]
        os.write(self._file, "".join(lines).encode())


class Hook(asyncio.Protocol):
    """A webhook's connection."""

    def __init__(self, log: Log) -> None:
        self._log, self._rest = log, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer what is whole."""
        self._rest += data
        while (end := self._rest.find(b"\r\n\r\n")) >= 0:
            head = self._rest[:end].lower()
            size = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            if len(self._rest) < end + 4 + size:
                return
            body, self._rest = self._rest[end + 4 : end + 4 + size], self._rest[end + 4 + size :]
            path = head.split(b" ", 2)[1].decode().lstrip("/")
            if not path.startswith("dead"):
                self._log.take(path, body)
                self._transport.write(ANSWER)


async def kafka(log: Log, servers: str) -> None:
    """From the beginning of the topic."""
    consumer = AIOKafkaConsumer("ganzhi.alerts", bootstrap_servers=servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async for record in consumer:
            log.take("kafka", record.value)
    finally:
        await consumer.stop()


def mqtt(log: Log, port: int) -> paho.Client:
    """A lasting session, so that the broker keeps what comes while this process is away."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="alert-sinks", clean_session=False)
    client.on_connect = lambda client, *_: client.subscribe("ganzhi/v1/alerts/#", 1)
    client.on_message = lambda *got: log.take("mqtt", got[2].payload)
    client.connect("127.0.0.1", port)
    client.loop_start()
    return client


def last_cursor(path: Path, name: str) -> int | None:
    """Of a stream, in a file that is there already."""
    if not path.exists():
        return None
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    return max((int(line[2]) for line in lines if line[0] == name), default=None)


async def serve(given: argparse.Namespace) -> None:
    """Receive until the process is ended."""
    log, loop = Log(given.log), asyncio.get_running_loop()
    tasks: list[asyncio.Task[None]] = []
    if given.hooks:
        await loop.create_server(lambda: Hook(log), "127.0.0.1", given.hooks, backlog=1000)
    clients = [mqtt(log, given.mqtt)] if given.mqtt else []
    for kind in ("sse", "ws"):
        if not (port := getattr(given, kind)):
            continue
        opened = asyncio.Event()

        def take(cursor: int, body: bytes, kind: str = kind) -> None:
            log.take(kind, body, cursor)

        reading = follow(kind, port, given.token, last_cursor(given.log, kind), take, opened.set)
        tasks.append(asyncio.create_task(reading, name=kind))
        await opened.wait()
    if given.kafka:
        tasks.append(asyncio.create_task(kafka(log, given.kafka), name="kafka"))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.gather(*tasks, asyncio.Event().wait())
    del clients


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", type=Path)
    parser.add_argument("--hooks", type=int, help="port to listen on")
    parser.add_argument("--sse", type=int, help="port of a hub")
    parser.add_argument("--ws", type=int, help="port of a hub")
    parser.add_argument("--token", default="")
    parser.add_argument("--kafka", help="bootstrap servers")
    parser.add_argument("--mqtt", type=int, help="port of a broker")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
