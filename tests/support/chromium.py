"""A headless Chromium, driven over its debugging pipe: JSON messages, each ended by a NUL."""

import base64
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from tests.support.process import wait_until

LEFT = "Inspected target navigated or closed"


class PageLeftError(Exception):
    """The page was left before it could answer"""


def find_chromium() -> str | None:
    """The program, None where it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Chromium:
    """One browser with one page; `with` starts and ends it."""

    def __init__(self, program: str, profile: Path, *flags: str) -> None:
        self._command = [
            program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--remote-debugging-pipe", f"--user-data-dir={profile}", *flags, "about:blank",
        ]  # fmt: skip
        self._number = 0
        self._session: str | None = None
        self._buffer = b""
        self.complaints: list[str] = []
        """Errors and refusals (CSP) that the page's console showed."""

    def __enter__(self) -> "Chromium":
        theirs_in, self._to = os.pipe()
        self._from, theirs_out = os.pipe()
        # Chromium reads commands from descriptor 3 and writes answers to 4.
        script = f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}'
        self._process = subprocess.Popen(
            ["bash", "-c", script, *self._command],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._to)
        os.close(self._from)
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the DevTools protocol and wait for its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            answer = self._read()
            if answer.get("id") == self._number:
                if answer.get("error", {}).get("message") == LEFT:
                    raise PageLeftError
                assert "error" not in answer, f"{method}: {answer['error']}"
                return cast(dict[str, Any], answer["result"])
            self._note(answer)
        raise AssertionError(f"Chromium did not answer {method}")

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            chunk = os.read(self._from, 1 << 16)
            assert chunk, "Chromium ended"
            self._buffer += chunk
        message, self._buffer = self._buffer.split(b"\0", 1)
        return cast(dict[str, Any], json.loads(message))

    def _note(self, event: dict[str, Any]) -> None:
        if event.get("method") == "Log.entryAdded":
            entry = event["params"]["entry"]
            if entry["level"] == "error":
                self.complaints.append(entry["text"] + " " + entry.get("url", ""))
        elif event.get("method") == "Runtime.exceptionThrown":
            details = event["params"]["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description", details["text"]))

    def open(self, url: str) -> None:
        """Go to a page and wait until it is loaded."""
        self.evaluate("window.left = true")
        self.call("Page.navigate", url=url)
        self.wait_for("!window.left && document.readyState === 'complete'", f"{url} is loaded")

    def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression in the page."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, script: str, what: str, seconds: float = 20.0) -> Any:
        """Wait until an expression is true in the page; what is left while it is looked at is looked at anew."""

        def value() -> Any:
            try:
                return self.evaluate(script)
            except PageLeftError:
                return None

        return wait_until(value, what, seconds)

    def text(self) -> str:
        """What the page shows as text."""
        return str(self.evaluate("document.body.innerText"))

    def resize(self, width: int, height: int, phone: bool = False) -> None:
        """The size of the page in CSS pixels."""
        scale = 2 if phone else 1
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=scale, mobile=phone,
        )  # fmt: skip

    def prefer(self, **features: str) -> None:
        """Media features, as prefers_color_scheme="light"."""
        wanted = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", features=wanted)

    def screenshot(self, file: Path) -> None:
        """Save what is in view as a PNG."""
        file.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
