"""The line between a client and a server of a test: it can swallow, delay, slow down, or be cut."""

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum


class Line:
    """Listens on a free port of 127.0.0.1 and forwards to `target`; closed by `with`."""

    def __init__(self, target: int) -> None:
        self._target = target
        self.swallow = threading.Event()
        """While set, what clients send is read and thrown away; what the server sends still comes through."""
        self.swallowed = 0
        """Bytes thrown away so far."""
        self.delay_s = 0.0
        """How long each block of at most 64 KiB is held back, either way."""
        self.bytes_per_s = 0
        """What comes through from the server at most; 0 is all."""
        self.passed = 0
        """Bytes that came through from servers so far."""
        self.silent = threading.Event()
        """While set, nothing comes through either way, and nobody is told: the connections look alive."""
        self.broken = 0
        """How often a connection was broken by `break_at`."""
        self._word: bytes | None = None
        self._how = Break.BEFORE
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._ends: list[socket.socket] = []
        self._lock = threading.Lock()

    def __enter__(self) -> "Line":
        threading.Thread(target=self._accept, name="line", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Break every connection at once; new ones are accepted."""
        with self._lock:
            ends, self._ends = self._ends, []
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def break_at(self, word: bytes, how: "Break") -> None:
        """Break the next connection on which the client sends a block that holds `word`."""
        self._how, self._word = how, word

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target), timeout=5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            with self._lock:
                self._ends += [client, server]
            pair = _Pair(client, server)
            threading.Thread(target=self._pump, args=(pair, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(pair, False), daemon=True).start()

    def _pump(self, pair: "_Pair", from_client: bool) -> None:
        source, sink = (pair.client, pair.server) if from_client else (pair.server, pair.client)
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if self.delay_s:
                    time.sleep(self.delay_s)
                if self.silent.is_set() or (from_client and self.swallow.is_set()):
                    self.swallowed += len(data)
                    continue
                if pair.doomed and not from_client:  # the server has answered, so it has done what was asked
                    break
                if from_client and self._broken_here(pair, data):
                    break
                sink.sendall(data)
                if not from_client:
                    self.passed += len(data)
                    if self.bytes_per_s:
                        time.sleep(len(data) / self.bytes_per_s)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _broken_here(self, pair: "_Pair", data: bytes) -> bool:
        """Whether the connection ends before this block of the client gets through."""
        if pair.torn:
            return True
        with self._lock:
            if self._word is None or self._word not in data:
                return False
            self._word = None
            self.broken += 1
        pair.torn = self._how is Break.WITHIN
        pair.doomed = self._how is Break.AFTER
        return self._how is Break.BEFORE


class Break(Enum):
    """Where a connection breaks: before a request, after its first block, or where its answer would come."""

    BEFORE = 1
    WITHIN = 2
    AFTER = 3


@dataclass
class _Pair:
    client: socket.socket
    server: socket.socket
    torn: bool = False
    """The next block of the client does not get through."""
    doomed: bool = False
    """The next answer of the server does not get through."""
