"""A syslog server of a test: takes RFC 5425 frames over TLS, and may be closed and opened again on its port."""

import socket
import ssl
import threading

from tests.support.certificates import Pair


class SyslogServer:
    """Collects messages; a frame that is none ends the connection and is kept as `fault`."""

    def __init__(self, pair: Pair) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pair.certificate, pair.key)
        self.messages: list[bytes] = []
        self.fault: str | None = None
        self.connections = 0
        self.port = 0
        self._open: list[socket.socket] = []
        self._listener: socket.socket | None = None

    def start(self) -> "SyslogServer":
        """Listen, on the port of before if there was one."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()
        return self

    def stop(self) -> None:
        """End the listener and each connection, in the middle of whatever it is."""
        for each in [*self._open, *([self._listener] if self._listener else [])]:
            try:
                # Not SSLSocket.shutdown: what is read after it is taken for plain text.
                socket.socket.shutdown(each, socket.SHUT_RDWR)
            except OSError as error:
                self.fault = self.fault or (None if error.errno else str(error))
            each.close()
        self._open, self._listener = [], None

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[plain], daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        try:
            with self._context.wrap_socket(plain, server_side=True) as tls:
                self._open.append(tls)
                self.connections += 1
                self._read(tls)
        except OSError:
            return  # as tests want it: a wrong certificate, a stop

    def _read(self, tls: ssl.SSLSocket) -> None:
        held = b""
        while more := tls.recv(65536):
            held += more
            while b" " in held:
                count, _, rest = held.partition(b" ")
                if not count.isdigit():
                    self.fault = f"no frame: {held[:40]!r}"
                    return
                if len(rest) < int(count):
                    break
                self.messages.append(rest[: int(count)])
                held = rest[int(count) :]
