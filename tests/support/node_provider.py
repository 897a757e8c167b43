"""npm's oidc-provider, which the OpenID Foundation has certified, run by Node on a free port."""

import fcntl
import re
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

from platformdirs import user_cache_path

from tests.support.process import Process, free_port

FOLDER = Path(__file__).parent / "provider"
FILES = ("package.json", "package-lock.json", "provider.mjs")
OLDEST = 20


class NodeAbsentError(Exception):
    """No provider can be started here; the text says why."""


class NodeProvider:
    """One that lets in anybody; each `start` has a new key at the same port."""

    def __init__(self, installed: Path, folder: Path, hub: str) -> None:
        self.port = free_port()
        self.issuer = f"http://localhost:{self.port}"
        self._process = Process(["node", installed / "provider.mjs", str(self.port), hub], folder / "provider.log")

    def start(self) -> "NodeProvider":
        """Start it and wait until it listens."""
        self._process.start().wait_for_port(self.port, 60)
        return self

    def stop(self) -> None:
        """End it."""
        if self._process.running:
            self._process.terminate(20)


def installed_provider() -> Path:
    """The folder with oidc-provider, fetched with npm unless it is there; NodeAbsentError says why not."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise NodeAbsentError(f"there is no node and npm: install Node.js {OLDEST} or newer")
    told = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    number = re.match(r"v(\d+)", told)
    if number is None or int(number[1]) < OLDEST:
        raise NodeAbsentError(f"oidc-provider needs Node.js {OLDEST} or newer, and there is {told.strip()}")
    digest = sha256(b"".join((FOLDER / name).read_bytes() for name in FILES)).hexdigest()[:16]
    cache = user_cache_path("ganzhi", ensure_exists=True)
    ready = cache / f"oidc-provider-{digest}"
    with (cache / "oidc-provider.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs at once: one waits for the other
        if not (ready / "installed").exists():
            ready.mkdir(exist_ok=True)
            for name in FILES:
                shutil.copy(FOLDER / name, ready / name)
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=ready, capture_output=True, text=True, timeout=300, check=False)
            if done.returncode != 0:
                raise NodeAbsentError(f"npm cannot fetch oidc-provider: {done.stderr.strip()[-300:]}")
            (ready / "installed").touch()
    return ready
