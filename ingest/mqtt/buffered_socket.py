"""A buffered socket for paho-mqtt, which by itself reads single bytes.

What is read lies in `buffer` from `position` on, so that messages can be taken from it without paho.
"""

import socket
import ssl
import struct
from contextlib import suppress

READ_BYTES = 1 << 18
_RESET = struct.pack("ii", 1, 0)


class BufferedSocket:
    """Reads ahead with `fill` and buffers writes until `flush`. Non-blocking, for one event loop.

    The buffer holds at most one unfinished packet and READ_BYTES; a broker's limit on packets bounds the former.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.buffer = bytearray()
        self.position = 0
        """Where the unread part of the buffer begins."""
        self._out = bytearray()
        self._abandoned = False

    def fill(self) -> bool:
        """Read available bytes, at most READ_BYTES; False when the peer has closed the connection."""
        try:
            data = self._sock.recv(READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return True
        del self.buffer[: self.position]
        self.position = 0
        self.buffer += data
        return bool(data)

    @property
    def unsent(self) -> bool:
        """Whether unsent bytes are buffered."""
        return bool(self._out)

    def pending(self) -> int:
        """Bytes decrypted by TLS but not yet read by `fill`."""
        return self._sock.pending() if isinstance(self._sock, ssl.SSLSocket) else 0

    def recv(self, size: int) -> bytes:
        """Return up to `size` buffered bytes; BlockingIOError when there are none."""
        if self.position >= len(self.buffer):
            raise BlockingIOError
        data = bytes(self.buffer[self.position : self.position + size])
        self.position += len(data)
        return data

    def send(self, data: bytes | bytearray) -> int:
        """Buffer data for the next `flush`."""
        if not self._abandoned:
            self._out += data
        return len(data)

    def abandon(self) -> None:
        """Discard unsent data, also in the kernel, and close; `fill` then sees end of file."""
        self._abandoned = True
        self._out.clear()
        try:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._sock.shutdown(socket.SHUT_RD)
        except OSError:
            return  # it has ended already

    def flush(self) -> None:
        """Send as much buffered data as the socket accepts."""
        while self._out:
            try:
                sent = self._sock.send(self._out)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            del self._out[:sent]

    def fileno(self) -> int:
        return self._sock.fileno()

    def setblocking(self, flag: bool) -> None:
        self._sock.setblocking(flag)

    def close(self) -> None:
        """Send what can be sent at once, and close."""
        with suppress(OSError):
            self.flush()
        self._sock.close()
