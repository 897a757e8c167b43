"""Readings of 10,000 devices over MQTT at a fixed rate, beside what is measured."""

import json
import subprocess
import sys
import threading
import time
from types import TracebackType


class PacedLoad:
    """A publisher in a process of its own (tests/support/endless.py); it begins with the block and ends with it."""

    def __init__(self, port: str | int, rate: int) -> None:
        self.rate, self.sent = rate, 0
        """`sent`: messages in all, known after `end`."""
        start_ms = int(time.time() * 1000) - 20 * 86_400_000
        command = [sys.executable, "-m", "tests.support.endless", str(port), "--shape", "one"]
        command += ["--start-ms", str(start_ms)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._ending = threading.Event()
        self._allowing = threading.Thread(target=self._allow, name="load", daemon=True)

    def __enter__(self) -> "PacedLoad":
        assert self._process.stderr is not None
        assert self._process.stderr.readline() == b"encoded\n"
        self._allowing.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._process.kill()
        self._process.wait()

    def end(self) -> int:
        """Send nothing more; how many messages were sent, each acknowledged."""
        self._ending.set()
        self._allowing.join()
        output, told = self._process.communicate(timeout=120)
        assert output, told.decode()
        self.sent = int(json.loads(output)["sent"])
        return self.sent

    def _allow(self) -> None:
        stdin, began = self._process.stdin, time.monotonic()
        assert stdin is not None
        while not self._ending.wait(0.05):
            stdin.write(b"%d\n" % ((time.monotonic() - began) * self.rate))
            stdin.flush()
