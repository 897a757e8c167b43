"""The line between a client and a server of a test: it can swallow what the client sends, or be cut."""

import socket
import threading
from contextlib import suppress


class Line:
    """Listens on a free port of 127.0.0.1 and forwards to `target`; closed by `with`."""

    def __init__(self, target: int) -> None:
        self._target = target
        self.swallow = threading.Event()
        """While set, what clients send is read and thrown away; what the server sends still comes through."""
        self.swallowed = 0
        """Bytes thrown away so far."""
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
            threading.Thread(target=self._pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, False), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, from_client: bool) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if from_client and self.swallow.is_set():
                    self.swallowed += len(data)
                else:
                    sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
