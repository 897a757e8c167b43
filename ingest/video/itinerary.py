"""In which order cameras of a round of a patrol are visited, so that no host that is away holds up the others. Pure.

Hosts take turns. One that answers is asked for more cameras at one time, one that does not for fewer, and no more once
it has not answered AWAY times in a row; one that has refused a login is not shown it again. A recorder that
answers, and shows nothing of some channels, is not away: the others are visited. Who has shown nothing is visited a
second time, behind all others.
"""

from collections import deque
from collections.abc import Iterable
from typing import Literal, NamedTuple

from devices.cameras.camera_url import CameraUrl, Login
from devices.cameras.failure import Step
from hub.words.sentence import Sentence

FIRST = 4
"""Cameras of one host that are open at one time, until it has answered."""
AWAY = 8
TRIES = 2
ENDED_TRIES = 3
"""Of a camera during whose visits the process that reads has ended, though of no fault of its own."""
SILENT: frozenset[Step] = frozenset({"name", "connect", "tls", "answer"})
"""Steps whose failure may be gone at another visit."""
OF_HOST: frozenset[Step] = frozenset({"name", "connect", "tls"})
UNANSWERED = "camera.failed.slow"
"""What fails with it is the host, and no channel of it."""
Host = tuple[str, int]


class Stop(NamedTuple):
    """A camera on the way."""

    camera: str
    url: CameraUrl
    login: Login | None

    @property
    def host(self) -> Host:
        """Where it is."""
        return self.url.host, self.url.port


class Failure(NamedTuple):
    """Why a camera shows nothing."""

    step: Step
    why: Sentence
    of: Literal["camera", "crash", "reader"] = "camera"
    """crash: the process that reads has ended by its pictures; reader: by those of another."""


class _Host:
    """What is known of one in this round."""

    def __init__(self) -> None:
        self.waiting: deque[Stop] = deque()
        self.open, self.most = 0, FIRST
        self.silent = self.away = 0
        """Times in a row that nothing was shown, and of these that it has not answered."""
        self.refused: dict[Login | None, Failure] = {}
        self.is_listed = False

    @property
    def has_room(self) -> bool:
        return bool(self.waiting) and self.open < self.most


Verdict = Literal["again", "over"]


class Itinerary:
    """Of one round."""

    def __init__(self, stops: Iterable[Stop]) -> None:
        self._hosts: dict[Host, _Host] = {}
        self._ready: deque[_Host] = deque()
        self._later: deque[Stop] = deque()
        self._tries: dict[str, int] = {}
        self._ended: dict[str, int] = {}
        self._open = 0
        for stop in stops:
            self._hosts.setdefault(stop.host, _Host()).waiting.append(stop)
        for host in self._hosts.values():
            self._list(host)

    @property
    def is_over(self) -> bool:
        """Whether all are visited, and nobody is open."""
        return not (self._open or self._later or any(host.waiting for host in self._hosts.values()))

    def take(self) -> tuple[Stop, Failure | None] | None:
        """Who is visited next, or why he fails without a visit; None: nobody now. `visited` tells how it went."""
        if not self._ready and self._later:
            self._wait(self._later.popleft())
        if not self._ready:
            return None
        host = self._ready.popleft()
        host.is_listed = False
        stop = host.waiting.popleft()
        host.open, self._open = host.open + 1, self._open + 1
        self._list(host)
        return stop, self._spared(stop, host)

    def visited(self, stop: Stop, failure: Failure | None) -> Verdict:
        """How a visit has gone; "again": it is not the last one."""
        host = self._hosts[stop.host]
        host.open, self._open = host.open - 1, self._open - 1
        verdict = self._judged(stop, host, failure)
        self._list(host)
        return verdict

    def _judged(self, stop: Stop, host: _Host, failure: Failure | None) -> Verdict:
        if failure is not None and failure.of == "crash":
            return "over"
        if failure is not None and failure.of == "reader":
            self._ended[stop.camera] = self._ended.get(stop.camera, 0) + 1
            if self._ended[stop.camera] < ENDED_TRIES:
                host.waiting.append(stop)
                return "again"
            return "over"
        if failure is None or failure.step not in SILENT:
            host.silent, host.away, host.most = 0, 0, host.most + 1
            if failure is not None and failure.why.key == "camera.failed.login":
                host.refused.setdefault(stop.login, failure)
            return "over"
        host.silent += 1
        if failure.step in OF_HOST or failure.why.key == UNANSWERED:
            host.away, host.most = host.away + 1, max(1, host.most // 2)
        else:
            host.away = 0
        self._tries[stop.camera] = self._tries.get(stop.camera, 0) + 1
        if self._tries[stop.camera] >= TRIES or host.silent >= AWAY:
            return "over"
        self._later.append(stop)
        return "again"

    def _wait(self, stop: Stop) -> None:
        host = self._hosts[stop.host]
        host.waiting.append(stop)
        self._list(host)

    def _list(self, host: _Host) -> None:
        if not host.is_listed and (host.has_room or (host.waiting and self._fails(host))):
            host.is_listed = True
            self._ready.append(host)

    def _fails(self, host: _Host) -> bool:
        return host.away >= AWAY

    def _spared(self, stop: Stop, host: _Host) -> Failure | None:
        if (refused := host.refused.get(stop.login)) is not None:
            return refused
        if self._fails(host):
            told = {"host": stop.url.host, "port": stop.url.port, "times": AWAY}
            return Failure("connect", Sentence("camera.failed.away", **told))
        return None
