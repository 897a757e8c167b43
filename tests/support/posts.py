"""Numbered messages over HTTP, in batches, each sent again until it has its 202."""

import json
import threading
import time
from collections import Counter
from contextlib import suppress
from queue import Empty, SimpleQueue

import httpx

from tests.support.numbered import message

CONNECTIONS = 8
RETRY_S = 0.05
PATIENCE_S = 120.0


class Posts:
    """Posts messages 0 to `count` while a `with` block runs; at its end each request has been answered 202.

    A request without an answer, or with a 503, is sent again: with its own times it is stored once all the same.
    """

    def __init__(self, port: int, count: int, size: int = 50) -> None:
        """`size` messages make a request; 1 is a request for each message, on its device's own path."""
        self._url = f"http://127.0.0.1:{port}/api/v1"
        self._size = size
        self._left: SimpleQueue[range] = SimpleQueue()
        for start in range(0, count, size):
            self._left.put(range(start, min(start + size, count)))
        self.statuses: Counter[int] = Counter()
        """How many answers had each status; 0 for those that never came."""
        self.slowest_503_s = 0.0
        self.retry_after: set[str | None] = set()
        self.acknowledged = 0
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._failure: Exception | None = None
        self._threads = [threading.Thread(target=self._work, name=f"posts {n}") for n in range(CONNECTIONS)]

    def __enter__(self) -> "Posts":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self._ended.set()
        for thread in self._threads:
            thread.join()
        if self._failure is not None and kind is None:
            raise self._failure

    def _work(self) -> None:
        try:
            with httpx.Client(timeout=60, limits=httpx.Limits(max_connections=1)) as client, suppress(Empty):
                while not self._ended.is_set():
                    self._until_taken(client, self._left.get_nowait())
        except (AssertionError, OSError) as error:
            self._failure = error

    def _until_taken(self, client: httpx.Client, numbers: range) -> None:
        path, body = self._request(numbers)
        deadline = time.monotonic() + PATIENCE_S
        while not self._ended.is_set():
            began = time.monotonic()
            try:
                answer = client.post(self._url + path, content=body, headers={"content-type": "application/json"})
            except httpx.HTTPError:
                status = 0
            else:
                status = answer.status_code
                if status not in (202, 503):
                    raise AssertionError(answer.text)
            with self._lock:
                self.statuses[status] += 1
                if status == 503:
                    self.slowest_503_s = max(self.slowest_503_s, time.monotonic() - began)
                    self.retry_after.add(answer.headers.get("retry-after"))
                if status == 202:
                    self.acknowledged += len(numbers)
                    return
            if time.monotonic() > deadline:
                raise AssertionError(f"not taken within {PATIENCE_S:g} s")
            self._ended.wait(RETRY_S)

    def _request(self, numbers: range) -> tuple[str, bytes]:
        parts = []
        for number in numbers:
            topic, payload = message(number)
            parts.append((topic.split("/")[-2], json.loads(payload)))
        if self._size == 1:
            device, body = parts[0]
            return f"/devices/{device}/telemetry", json.dumps(body).encode()
        return "/telemetry:batch", json.dumps([{"device": device, **body} for device, body in parts]).encode()
