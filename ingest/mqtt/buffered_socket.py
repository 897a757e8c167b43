"""A socket for paho-mqtt that reads and writes in blocks: paho itself asks for single bytes.

What is read lies in `buffer` from `position` on, so that messages can be taken from it without paho.
"""

import socket
import ssl
import struct

READ_BYTES = 1 << 18
_RESET = struct.pack("ii", 1, 0)


class BufferedSocket:
    """Reads ahead with `fill`; keeps what is sent until `flush`. Non-blocking, for one event loop.

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
        """Read what is there, at most READ_BYTES; False when the peer has closed the connection."""
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
        """Whether `flush` has something left to send."""
        return bool(self._out)

    def pending(self) -> int:
        """Bytes that TLS has decrypted and `fill` has not read."""
        return self._sock.pending() if isinstance(self._sock, ssl.SSLSocket) else 0

    def recv(self, size: int) -> bytes:
        """Up to `size` bytes of what was read ahead; BlockingIOError when there is nothing."""
        if self.position >= len(self.buffer):
            raise BlockingIOError
        data = bytes(self.buffer[self.position : self.position + size])
        self.position += len(data)
        return data

    def send(self, data: bytes | bytearray) -> int:
        """Keep the data for the next `flush`."""
        if not self._abandoned:
            self._out += data
        return len(data)

    def abandon(self) -> None:
        """Let go what is unsent, here and in the system: the peer is to get no more. `fill` finds the end at once."""
        self._abandoned = True
        self._out.clear()
        try:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._sock.shutdown(socket.SHUT_RD)
        except OSError:
            return  # it has ended already

    def flush(self) -> None:
        """Send what is kept, as far as the connection takes it now."""
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
        self._sock.close()
