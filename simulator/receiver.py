"""Webhook receiver: verifies each delivery's signature and logs it as one JSON line."""

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TextIO

from hub.models import Micros
from simulator.signature import SignatureError, check_signature

MAX_BODY = 1 << 20
"""Bytes of a delivery; a larger one is refused unread."""
REMEMBERED = 100_000
"""Webhook ids kept to recognise repeats."""
FIELDS = ("alert", "device", "metric", "event_kind", "level", "state", "opened_at", "raised_at")


class Tally:
    """Counts deliveries and appends them to a file; safe to call from many threads."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, None] = OrderedDict()
        self.accepted = self.repeats = self.refused = 0

    def accept(self, id_: str, arrived: Micros, body: dict[str, Any]) -> None:
        """Record a valid delivery; a webhook-id seen before is a duplicate."""
        data = body.get("data")
        data = data if isinstance(data, dict) else {}
        with self._lock:
            repeat = id_ in self._seen
            self._seen[id_] = None
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
            self.accepted += 1
            self.repeats += repeat
            picture = {name: data.get(name) for name in FIELDS}
            line = {"id": id_, "repeat": repeat, "type": body.get("type"), "arrived_us": arrived, **picture}
            self._write(line)

    def refuse(self, arrived: Micros, why: str) -> None:
        """Record a rejected delivery."""
        with self._lock:
            self.refused += 1
            self._write({"refused": why, "arrived_us": arrived})

    def _write(self, line: dict[str, Any]) -> None:
        self._out.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._out.flush()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], secret: str, tally: Tally) -> None:
        self.secret, self.tally = secret, tally
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60

    def do_POST(self) -> None:
        """204 for a genuine delivery, also when it is a repeat; 4xx for anything else."""
        arrived = time.time_ns() // 1000
        length = self.headers.get("content-length", "")
        if not length.isdigit():
            return self._refuse(arrived, HTTPStatus.LENGTH_REQUIRED, "content-length is missing")
        if int(length) > MAX_BODY:
            return self._refuse(arrived, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {MAX_BODY} bytes")
        body = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            id_ = check_signature(self.server.secret, headers, body, time.time())
            told = json.loads(body)
        except SignatureError as error:
            return self._refuse(arrived, HTTPStatus.UNAUTHORIZED, str(error))
        except ValueError:
            return self._refuse(arrived, HTTPStatus.BAD_REQUEST, "the body is no JSON")
        if not isinstance(told, dict):
            return self._refuse(arrived, HTTPStatus.BAD_REQUEST, "the body is no JSON object")
        self.server.tally.accept(id_, arrived, told)
        return self._answer(HTTPStatus.NO_CONTENT)

    def _refuse(self, arrived: Micros, status: HTTPStatus, why: str) -> None:
        self.server.tally.refuse(arrived, why)
        self.close_connection = True
        self._answer(status, why.encode())

    def _answer(self, status: HTTPStatus, body: bytes = b"") -> None:
        self.send_response(status)
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the name http.server gives it
        """Nothing: the tally is the log."""


@contextmanager
def receiving(port: int, secret: str, out: Path) -> Iterator[tuple[int, Tally]]:
    """A receiver on 127.0.0.1 (port 0: a free one); gives the port and the tally, ends with the block."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("a", encoding="utf-8") as file:
        tally = Tally(file)
        with _Server(("127.0.0.1", port), secret, tally) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="receiver", daemon=True)
            thread.start()
            try:
                yield server.server_port, tally
            finally:
                server.shutdown()
                thread.join()
