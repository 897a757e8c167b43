"""Runs the demo from the first server to the summary."""

import base64
import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from platformdirs import site_cache_path, user_cache_path
from rich.console import Console

from app.demo.broker import USERNAME, Broker, find_mosquitto, start_broker
from app.demo.database import socket_folder, start_database
from app.demo.processes import Child, DemoError, Processes, Stopped, accepts, end_leftovers, free_port
from app.demo.verdict import STATIONS, Verdict, judge
from app.demo.view import Feed, View

DEVICES = 200
RATE = 400
"""Messages a second of the whole city: about 1,500 readings, a fraction of what two cores can do."""
PARTS = ("postgresql", "broker", "logs", "truth")
LOCK = "ganzhi-demo.lock"
"""In the demo's folder; by it a folder is known as a demo's."""
LEDGER = "processes.json"
SETTINGS = "hub.toml"
"""Of the demo's hub, in its folder: for `hub dead-letters list --config` and the like."""
PAST = "past.txt"
"""In the folder of the truth, while the city tells its past."""
HASTE = "the cameras are made up, and nobody stands before them: a place is known after 6 s, elsewhere after 50 min"
"""Said in the settings of the demo's hub, of pictures."""
CAMERA_PASSWORD = "12345678"  # noqa: S105 of cameras that are made up
"""Of the simulator's cameras."""
DRAIN_S = 30.0
"""How long the hub may take, after the city's end, to store and deliver everything."""
INTERRUPTED = 130
SAME_SIGNAL_S = 1.0
"""Who signals a process and then its group, as timeout(1) does, means it once."""
FIELD = {"hj212": 10, "gb26875": 5, "sl651": 5, "gb28181": 4}
"""Stations and cameras of the field's protocols, each kind at a port of its own."""
PLATFORMS = "chirpstack=5,ctwing=5"
"""Sensors behind platforms."""
ASKED = "isapi=2,onvif=2,rtsp=1"
"""Cameras that the hub asks, and one whose video it looks at."""
DTUS = 2
"""Each with a slave that the hub polls."""
HUB: list[str | Path] = [sys.executable, "-m", "app.main", "serve"]
SIMULATOR = [sys.executable, "-m", "simulator"]


def run_demo(seconds: float | None, port: int, data_dir: Path | None, clean: bool) -> int:
    """Run for `seconds` (None: until Ctrl-C); prints a table and a JSON line, returns the exit status.

    0 only if nothing was lost, nothing stored or paged twice, and each injected anomaly led to a delivered alert.
    DemoError says what stopped it.
    """
    console = Console(stderr=not sys.stdout.isatty(), highlight=False)
    folder = (data_dir or default_folder()).expanduser().resolve()
    with ExitStack() as stack:
        stack.enter_context(own_folder(folder, clean))
        sockets = stack.enter_context(socket_folder())
        processes = Processes(folder / "logs", folder / LEDGER)
        stack.enter_context(_stop_on_signals(processes))
        stack.enter_context(processes)
        view = stack.enter_context(View(console, seconds))
        try:
            verdict = _Demo(folder, sockets, port, processes, view).run(seconds)
        except Stopped:
            view.step("stopped before the city had begun")
            return INTERRUPTED
        except KeyboardInterrupt:
            view.step("stopped at once; the result is not known")
            return INTERRUPTED
    view.result(verdict)
    sys.stdout.write(verdict.line() + "\n")
    sys.stdout.flush()
    return 0 if verdict.passed else 1


class _Demo:
    def __init__(self, folder: Path, sockets: Path, port: int, processes: Processes, view: View) -> None:
        self._folder, self._sockets, self._processes, self._view = folder, sockets, processes, view
        self._port = _page_port(port)
        self._url = f"http://127.0.0.1:{self._port}"
        self._stations, self._dtus = {kind: free_port() for kind in FIELD}, free_port()
        self._truth, self._deliveries = folder / "truth", folder / "truth" / "deliveries.jsonl"

    def run(self, seconds: float | None) -> Verdict:
        processes, view = self._processes, self._view
        shutil.rmtree(self._truth, ignore_errors=True)
        view.step(f"data and logs in {self._folder}")
        view.step("starting PostgreSQL ...")
        database = start_database(processes, self._folder / "postgresql", self._sockets)
        view.step("starting the MQTT broker ...")
        broker = start_broker(processes, self._folder / "broker", find_mosquitto())
        view.step(f"starting the hub and the city of {DEVICES} devices (broker: {broker.name}) ...")
        hub, feed = self._start_hub(database, broker)
        city = self._start_city(broker, seconds)
        stations = self._start_stations(broker)
        view.step(f"the page: {self._url}")
        view.step(f"the broker: 127.0.0.1, port {broker.port}")
        view.step(f"for the hub's commands: --config {self._folder / SETTINGS}")
        view.step("first three weeks of past are told: what is usual has to be learned")
        view.begin()
        self._watch(city, feed)
        if (status := processes.end(stations)) != 0:
            raise DemoError(f"the stations ended with status {status}; the end of {stations.log}:\n{stations.tail()}")
        view.step("the city has ended; waiting for the hub to store and deliver the rest ...")
        self._drain(database)
        feed.close()
        if (status := processes.end(hub)) != 0:
            view.step(f"the hub ended with status {status}; see {hub.log}")
        return judge(database, self._truth, self._deliveries)

    def _start_hub(self, database: str, broker: Broker) -> tuple[Child, Feed]:
        settings = self._folder / SETTINGS
        password = f"password = {json.dumps(broker.password)}\n" if broker.password else ""
        login = f'password = {json.dumps(broker.password)}\naccess = "dynsec"\n' if broker.password else ""
        settings.touch(0o600)
        settings.write_text(
            f"[database]\nurl = {json.dumps(database)}\n\n"
            f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\nusername = "{USERNAME}"\n{login}\n'
            f"[audit]\njournal = {json.dumps(str(self._folder / 'audit.journal'))}\n\n"
            f'[api]\nhost = "127.0.0.1"\nport = {self._port}\n\n'
            "[access]\ndemo = true\n\n"
            + "".join(_listening(kind, f"127.0.0.1:{port}") for kind, port in self._stations.items())
            + f'[[polling.listeners]]\nhost = "127.0.0.1"\nport = {self._dtus}\n\n'
            + '[[networks.brokers]]\nname = "lora"\nprotocol = "chirpstack"\nhost = "127.0.0.1"\n'
            + f'port = {broker.port}\nusername = "{USERNAME}"\n{password}\n'
            + f"[pictures]\n# {HASTE}\noccasions = 3\noccasion_s = 3\n\n"
            + '[outgoing]\nwebhook = ["127.0.0.0/8"]\n'  # receivers of the demo's user run on this machine
            + 'camera = ["127.0.0.0/8"]\n',
            encoding="utf-8",
        )
        # Settings of a hub of one's own have no business here.
        env = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        hub = self._processes.start("hub", [*HUB, "--config", settings], env=env)
        feed = Feed(self._url)
        self._processes.wait_until(feed.ready, f"the hub is ready at {self._url}/readyz", 180)
        return hub, feed

    def _start_city(self, broker: Broker, seconds: float | None) -> Child:
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        env = {**os.environ, "GANZHI_WEBHOOK_SECRET": secret}
        env |= {"GANZHI_MQTT_PASSWORD": broker.password} if broker.password else {}
        webhook = free_port()
        receiver = [*SIMULATOR, "receiver", "--port", str(webhook), "--out", str(self._deliveries)]
        self._processes.start("receiver", receiver, env=env)
        self._processes.wait_until(lambda: accepts(webhook), "the webhook receiver listens", 30)
        city = [*SIMULATOR, "city", "--api", self._url, "--mqtt", f"127.0.0.1:{broker.port}", "--username", USERNAME]
        city += ["--devices", str(DEVICES), "--rate", str(RATE), "--truth", str(self._truth), "--unusual"]
        city += ["--webhook-url", f"http://127.0.0.1:{webhook}/"]
        city += ["--seconds", str(seconds)] if seconds is not None else []
        return self._processes.start("city", city, env=env)

    def _start_stations(self, broker: Broker) -> Child:
        """Until they are told to end; then they wait until all that they have told is acknowledged."""
        wanted = ",".join(f"{kind}={FIELD[kind]}@127.0.0.1:{port}" for kind, port in self._stations.items())
        wanted = f"{wanted},dtu={DTUS}@127.0.0.1:{self._dtus},{PLATFORMS},{ASKED}"
        command = [*SIMULATOR, "stations", wanted, "--api", self._url]
        command += ["--truth", str(self._truth / STATIONS)]
        command += ["--mqtt", f"127.0.0.1:{broker.port}", "--username", USERNAME]
        env = {**os.environ, **({"GANZHI_MQTT_PASSWORD": broker.password} if broker.password else {})}
        return self._processes.start("stations", command, env=env)

    def _watch(self, city: Child, feed: Feed) -> None:
        """Display the hub until the city ends or the demo is stopped."""
        told = False
        while city.status is None:
            self._processes.check()
            if self._processes.stopping and not told:
                told = True
                city.signal()
            self._view.show(feed, self._url, self._past_told())
            time.sleep(0.25)
        if (status := self._processes.end(city)) == -signal.SIGTERM and told:
            raise Stopped  # it had not even begun to listen to signals
        if status != 0:
            raise DemoError(f"the city ended with status {status}; the end of {city.log}:\n{city.tail()}")

    def _past_told(self) -> tuple[int, int] | None:
        """How many packs of the past are told, of how many; None: it is not being told."""
        try:
            done, total = (self._truth / PAST).read_text(encoding="utf-8").split()
        except (FileNotFoundError, ValueError):  # there is none, or it is being written
            return None
        return int(done), int(total)

    def _drain(self, database: str) -> None:
        """Wait until everything acknowledged is stored and delivered, at most DRAIN_S."""
        deadline = time.monotonic() + DRAIN_S
        while True:
            began = time.monotonic()
            if judge(database, self._truth, self._deliveries).settled or began > deadline:
                return
            self._processes.check()
            time.sleep(max(0.2, time.monotonic() - began))


def default_folder() -> Path:
    """The user's cache directory; for root a system-wide one accessible to the database's account."""
    return (site_cache_path if os.geteuid() == 0 else user_cache_path)("ganzhi") / "demo"


@contextmanager
def own_folder(folder: Path, clean: bool) -> Iterator[None]:
    """Create and lock the demo's directory, emptied if `clean`; DemoError if it is in use."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()) and not (folder / LOCK).exists():
            raise DemoError(f"{folder} is not empty and no demo's folder: name another one with --data-dir")
        lock = (folder / LOCK).open("a")
    except OSError as error:
        raise DemoError(f"{error.filename}: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DemoError(f"another demo runs in {folder}: name another folder with --data-dir") from None
        end_leftovers(folder / LEDGER)
        for part in PARTS if clean else ():
            shutil.rmtree(folder / part, ignore_errors=True)
        yield


@contextmanager
def _stop_on_signals(processes: Processes) -> Iterator[None]:
    """First Ctrl-C or SIGTERM: graceful stop. Second: immediate."""
    first: float | None = None

    def stop(_number: int, _frame: object) -> None:
        nonlocal first
        first = first or time.monotonic()
        if time.monotonic() - first > SAME_SIGNAL_S:
            raise KeyboardInterrupt
        processes.stopping = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listening(kind: str, where: str) -> str:
    """The settings by which stations of a kind are heard; cameras register over UDP and TCP."""
    if kind == "gb28181":
        return f'[sip]\nlisten = "{where}"\nlisten_udp = "{where}"\npassword = "{CAMERA_PASSWORD}"\n\n'
    return f'[session.{kind}]\nlisten = "{where}"\n\n'


def _page_port(port: int) -> int:
    """Port of the page (0: any free one); DemoError when taken."""
    if port == 0:
        return free_port()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise DemoError(f"port {port} is not free ({error.strerror}): name another one with --port") from error
    return port
