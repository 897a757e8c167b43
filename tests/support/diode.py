"""A data diode of a test: carries files from an edge's outbox into a hub's inbox, one way, as badly as diodes do."""

import json
import random
import shutil
import threading
from pathlib import Path
from types import TracebackType

from ingest.diode.keys import made


class Ferry:
    """A thread that moves files: in any order, some twice, each written into its place bit by bit."""

    def __init__(self, outbox: Path, inbox: Path, *, seed: int = 1, lose: frozenset[int] = frozenset()) -> None:
        """Files whose number is to be lost are taken away, and brought nowhere."""
        self._outbox, self._inbox, self._random, self._lose = outbox, inbox, random.Random(seed), lose
        self.carried: list[str] = []
        self.lost: list[Path] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Ferry":
        self._inbox.mkdir(parents=True, exist_ok=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending.wait(0.1):
            self.carry()

    def carry(self) -> None:
        """Carry what lies there now."""
        found = [path for path in self._outbox.glob("*.gdx") if not path.name.startswith(".")]
        self._random.shuffle(found)
        for path in found:
            if int(path.name.split(".")[2]) in self._lose and path.name not in {each.name for each in self.lost}:
                kept = self._outbox.parent / f"lost-{path.name}"
                shutil.move(path, kept)
                self.lost.append(path)
                continue
            self._bring(path)
            if self._random.random() < 0.2:
                self._bring(path)
            path.unlink(missing_ok=True)
            self.carried.append(path.name)

    def _bring(self, path: Path) -> None:
        content = path.read_bytes()
        with (self._inbox / path.name).open("wb") as file:
            for start in range(0, len(content), 4_096):
                file.write(content[start : start + 4_096])
                file.flush()


def ends(folder: Path, **hub: str) -> tuple[dict[str, str], dict[str, str]]:
    """Environment of an edge, which needs no database, and of its hub; the folders are made below one."""
    private, public = made()
    edge = {
        "HUB_DIODE__EDGE": "video-1",
        "HUB_DIODE__KEY": private,
        "HUB_DIODE__ARCHIVE": str(folder / "archive"),
        "HUB_DIODE__OUTBOX": str(folder / "outbox"),
        "HUB_DIODE__REMOVES": "true",
        "HUB_DIODE__HEARTBEAT_S": "1",
        "HUB_MQTT__CLIENT_ID": "edge",
    }
    taking = {
        "HUB_DIODE__INBOX": str(folder / "inbox"),
        "HUB_DIODE__EDGES": json.dumps([{"name": "video-1", "keys": [public], "gap_after_s": 2}]),
        "HUB_DIODE__SETTLE_S": "2",
        "HUB_MQTT__PREFIX": "elsewhere",
        **hub,
    }
    return edge, taking
