"""Commands of the simulator: a synthetic city, a webhook receiver, and replay of real measurements."""

import asyncio
import json
import logging
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from simulator.cameras.library import live_library
from simulator.cameras.onvif_broker import publish_turns
from simulator.cameras.runner import USERNAME, live_cameras
from simulator.cameras.superior import live_superior
from simulator.fleet import build_fleet
from simulator.measurements import FileError
from simulator.past import PROGRESS, await_past, retire_earlier, shipped_rules_off, tell_past
from simulator.publisher import Broker, BrokerAbsentError
from simulator.receiver import receiving
from simulator.registration import RefusedError
from simulator.replay import Replay, plan_sources, register_sources
from simulator.runner import Plan, live, register
from simulator.signature import made_up_secret
from simulator.stations.runner import Stationed, live_stations, register_stations
from simulator.stations.wanted import KINDS, WantedError, read_wanted
from simulator.watched import watched, watched_things

CITY = "python -m simulator city --api http://127.0.0.1:8420 --mqtt 127.0.0.1:1883 --truth ./truth --seconds 30"
RECEIVER = "python -m simulator receiver --port 9000 --secret whsec_c2VjcmV0 --out deliveries.jsonl"
STATIONS = (
    "python -m simulator stations hj212=20@127.0.0.1:9212 --api http://127.0.0.1:8420 --truth ./truth --seconds 60"
)
CAMERAS = "python -m simulator cameras --isapi 2 --onvif 1 --rtsp 1 --port 8600 --password sim-Cam1"
LIBRARY = "python -m simulator library http://127.0.0.1:1400 --password viid-Demo-1 --devices 10 --seconds 60"
ONVIF_MQTT = "python -m simulator onvif-mqtt --mqtt 127.0.0.1:1883 --cameras 2"
SUPERIOR = "python -m simulator superior --id 33010000002000000001 --port 5070 --password 12345678"
REPLAY = "python -m simulator replay occupancy.csv --mqtt 127.0.0.1:1883 --api http://127.0.0.1:8420 --speed-up max"

log = logging.getLogger("simulator")
LINGER_S = 5.0
"""How long a city's own receiver stays for the alerts of its last messages."""


def _examples(*commands: str) -> str:
    # \b keeps the lines as they are.
    return "\b\nExamples:\n" + "\n".join(f"  {command}" for command in commands)


app = typer.Typer(
    help="A city that talks to the hub over the network only, and keeps the ground truth.",
    epilog=_examples(CITY, STATIONS, CAMERAS, LIBRARY, SUPERIOR, RECEIVER, REPLAY),
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Api = Annotated[str, typer.Option(help="The hub's address, for example http://127.0.0.1:8420")]
MqttBroker = Annotated[str, typer.Option("--mqtt", help="The broker's HOST:PORT")]
Username = Annotated[str | None, typer.Option(help="MQTT user name")]
Password = Annotated[str | None, typer.Option(envvar="GANZHI_MQTT_PASSWORD", help="MQTT password")]
Prefix = Annotated[str, typer.Option(help="First levels of the MQTT topics")]
Token = Annotated[str | None, typer.Option(envvar="GANZHI_TOKEN", help="The hub's API token, if it has one")]
Secret = Annotated[str | None, typer.Option(envvar="GANZHI_WEBHOOK_SECRET", help="whsec_<base64>")]


@contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    """Set on Ctrl-C or SIGTERM; a second signal after more than a second exits immediately."""
    stopping = threading.Event()
    first: float | None = None

    def stop(_number: int, _frame: object) -> None:
        nonlocal first
        first = first or time.monotonic()
        if time.monotonic() - first > 1:
            raise KeyboardInterrupt
        stopping.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _broker(text: str, username: str | None, password: str | None) -> Broker:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise typer.BadParameter(f"{text!r} is not HOST:PORT")
    return Broker(host.strip("[]"), int(port), username, password)


def _fail(error: Exception) -> typer.Exit:
    typer.echo(f"error: {error}", err=True)
    return typer.Exit(1)


@app.command(epilog=_examples(CITY))
def city(
    api: Api,
    mqtt: MqttBroker,
    truth: Annotated[Path, typer.Option(help="Folder for the ground truth: readings.csv, events.csv, ...")],
    devices: Annotated[int, typer.Option(min=12, max=100_000)] = 200,
    rate: Annotated[float, typer.Option(min=0.1, help="Messages a second over all devices")] = 300,
    seconds: Annotated[float | None, typer.Option(min=1, help="How long; without it until Ctrl-C")] = None,
    webhook_port: Annotated[int | None, typer.Option(help="Run a webhook receiver on this port, too")] = None,
    webhook_url: Annotated[str | None, typer.Option(help="A webhook receiver that runs already")] = None,
    secret: Secret = None,
    unusual: Annotated[
        bool,
        typer.Option("--unusual", help="With shipped rule sets, and things with a past that no threshold sees ill"),
    ] = False,
    seed: Annotated[int, typer.Option(help="The same seed makes the same city")] = 1,
    prefix: Prefix = "ganzhi/v1",
    username: Username = None,
    password: Password = None,
    token: Token = None,
) -> None:
    """Register a city of devices, publish for them, and record the ground truth.

    The last line on standard output is a JSON object that sums up what the broker acknowledged.
    """
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel("WARNING")
    broker = _broker(mqtt, username, password)
    if webhook_url is not None and secret is None:
        raise typer.BadParameter("--webhook-url needs the --secret of that receiver")
    with _stop_on_signals() as stopping, ExitStack() as stack:
        webhook = (webhook_url, secret) if webhook_url and secret else None
        try:
            if webhook_port is not None:
                out, secret = truth / "deliveries.jsonl", secret or made_up_secret()
                number, _ = stack.enter_context(receiving(webhook_port, secret, out))
                webhook = (f"http://127.0.0.1:{number}/", secret)
            plan, now = Plan(broker, devices, rate, seconds, seed, prefix), time.time_ns() // 1_000_000 * 1000
            aware = watched_things(now, seed) if unusual else []
            if unusual:
                log.info("watched things of earlier runs retired: %d", retire_earlier(api, token))
            register(api, token, build_fleet(devices, seed) + [thing for thing, _ in aware], webhook)
            known = watched(aware, now, seed)
            told = 0
            if known:
                truth.mkdir(parents=True, exist_ok=True)
                with shipped_rules_off(api, token):
                    told = tell_past(plan, known, truth / PROGRESS, stopping)
                    await_past(api, token, known, stopping)
            summary = live(plan, truth, stopping, known, told)
            if webhook_port is not None:
                stopping.wait(LINGER_S)
        except (RefusedError, BrokerAbsentError, OSError) as error:
            raise _fail(error) from error
    typer.echo(json.dumps(summary))
    if summary["unacknowledged"]:
        typer.echo("error: the broker never acknowledged some of the messages", err=True)
        raise typer.Exit(1)


@app.command(epilog=_examples(STATIONS))
def stations(
    wanted: Annotated[
        str,
        typer.Argument(
            help=f"KIND=COUNT@WHERE, with commas between; of {', '.join(KINDS)} (of the latter without WHERE)"
        ),
    ],
    truth: Annotated[Path, typer.Option(help="Folder for the ground truth: readings.csv, events.csv, ...")],
    api: Annotated[str | None, typer.Option(help="The hub's address: devices are registered there first")] = None,
    mqtt: Annotated[str | None, typer.Option(help="HOST:PORT of the broker that a ChirpStack publishes to")] = None,
    every: Annotated[float, typer.Option(min=1, help="Seconds from one report of a station to its next")] = 10,
    seconds: Annotated[float | None, typer.Option(min=1, help="How long; without it until Ctrl-C")] = None,
    seed: Annotated[int, typer.Option(help="The same seed makes the same stations")] = 1,
    username: Username = None,
    password: Password = None,
    token: Token = None,
) -> None:
    """Stations and platforms of the field's protocols report, and wait to be acknowledged.

    They send again what is not, dial again, and keep what they measure meanwhile. The last line on standard output is a
    JSON object that sums up what was acknowledged.
    """
    broker = None if mqtt is None else _broker(mqtt, username, password)
    with _stop_on_signals() as stopping:
        try:
            some = read_wanted(wanted)
            if broker is None and any(one.kind == "chirpstack" for one in some):
                raise WantedError("a ChirpStack publishes to a broker: give --mqtt HOST:PORT")
            if api is not None:
                some = register_stations(api, token, some, seed)
            elif any(one.kind == "ctwing" and not one.where for one in some):
                raise WantedError("a CTWing pushes to a URL: give one, or --api")
            summary = live_stations(Stationed(some, every, seconds, seed, broker), truth, stopping)
        except WantedError as error:
            raise typer.BadParameter(str(error)) from error
        except (RefusedError, BrokerAbsentError, OSError) as error:
            raise _fail(error) from error
    typer.echo(json.dumps(summary))
    if summary["unacknowledged"]:
        typer.echo("error: the hub never acknowledged some of the reports", err=True)
        raise typer.Exit(1)


@app.command(epilog=_examples(CAMERAS))
def cameras(
    isapi: Annotated[int, typer.Option(min=0, max=2000, help="Cameras of Hikvision: streams of alerts")] = 1,
    onvif: Annotated[int, typer.Option(min=0, max=2000, help="Cameras of ONVIF: PullPoint")] = 1,
    rtsp: Annotated[int, typer.Option(min=0, max=2000, help="Streams that go dark now and then")] = 1,
    port: Annotated[int, typer.Option(min=1024, max=60000, help="Of the first on 127.0.0.1; others follow")] = 8600,
    camera_password: Annotated[str, typer.Option("--password", help="Of their user")] = "sim-Cam1",  # noqa: S107 of simulated cameras
    every: Annotated[float, typer.Option(min=0.1, help="Seconds from one event of a camera to its next")] = 10,
    seconds: Annotated[float | None, typer.Option(min=1, help="How long; without it until Ctrl-C")] = None,
) -> None:
    """Cameras that wait to be asked for their events: connect them with hub cameras add."""
    for number in range(isapi + onvif):
        kind = "isapi" if number < isapi else "onvif"
        typer.echo(f"{kind} http://127.0.0.1:{port + number} --user {USERNAME}")
    for number in range(isapi + onvif, isapi + onvif + rtsp):
        typer.echo(f"rtsp rtsp://127.0.0.1:{port + number}/stream1 --user {USERNAME}")
    try:
        asyncio.run(live_cameras(isapi, onvif, rtsp, port, camera_password, every, seconds))
    except OSError as error:
        raise _fail(error) from error
    except KeyboardInterrupt:
        typer.echo("stopped")


@app.command("onvif-mqtt", epilog=_examples(ONVIF_MQTT))
def onvif_mqtt(
    mqtt: MqttBroker,
    username: Username = None,
    password: Password = None,
    cameras: Annotated[int, typer.Option(min=1, max=2000, help="With the topic prefixes onvif-mqtt-1, ...")] = 1,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds from one event of a camera to its next")] = 10,
    seconds: Annotated[float | None, typer.Option(min=1, help="How long; without it until Ctrl-C")] = None,
) -> None:
    """Cameras of ONVIF that publish at a broker: name it in networks.brokers as protocol onvif."""
    prefixes = [f"onvif-mqtt-{number}" for number in range(1, cameras + 1)]
    try:
        told = publish_turns(_broker(mqtt, username, password), prefixes, every, seconds)
    except (BrokerAbsentError, OSError) as error:
        raise _fail(error) from error
    except KeyboardInterrupt:
        typer.echo("stopped")
        return
    typer.echo(json.dumps({"acknowledged": told}))


@app.command(epilog=_examples(LIBRARY))
def library(
    url: Annotated[str, typer.Argument(help="Of the hub: http://host:port as in viid.listen")],
    id_: Annotated[str, typer.Option("--id", help="Its 20 digits, as the hub knows it")] = "33010000005030000001",
    library_password: Annotated[str, typer.Option("--password", help="viid.password")] = "viid-Demo-1",  # noqa: S107 of a simulated library
    devices: Annotated[int, typer.Option(min=1, max=5000, help="Devices that it lists")] = 10,
    port: Annotated[
        int | None, typer.Option(min=1024, help="Where the hub may subscribe: nothing else is told")
    ] = None,
    every: Annotated[float, typer.Option(min=0.05, help="Seconds from one message to the next")] = 5,
    seconds: Annotated[float | None, typer.Option(min=1, help="How long; without it until Ctrl-C")] = None,
) -> None:
    """A view library of GA/T 1400 that registers at the hub and lists devices, states, tollgates and persons."""
    try:
        typer.echo(json.dumps(asyncio.run(live_library(url, id_, library_password, devices, every, seconds, port))))
    except KeyboardInterrupt:
        typer.echo("stopped")


@app.command(epilog=_examples(SUPERIOR))
def superior(
    port: Annotated[int, typer.Option(min=1024, max=65535, help="On 127.0.0.1, over UDP and TCP")] = 5070,
    own: Annotated[str, typer.Option("--id", help="Its 20 digits")] = "33010000002000000001",
    password: Annotated[str, typer.Option(help="Of the platforms below")] = "12345678",  # noqa: S107 of a simulation
    seconds: Annotated[float | None, typer.Option(min=1, help="How long; without it until Ctrl-C")] = None,
) -> None:
    """A superior platform of GB/T 28181 that asks for the directory, and what it is told: hub forwards add gb28181."""
    try:
        asyncio.run(live_superior(own, password, port, typer.echo, seconds))
    except OSError as error:
        raise _fail(error) from error
    except KeyboardInterrupt:
        typer.echo("stopped")


@app.command(epilog=_examples(RECEIVER))
def receiver(
    port: Annotated[int, typer.Option(help="On 127.0.0.1; 0 takes a free one")],
    out: Annotated[Path, typer.Option(help="JSON lines are appended to this file")],
    secret: Secret = None,
) -> None:
    """Receive the hub's webhooks, verify signatures and record each delivery until Ctrl-C."""
    if secret is None:
        raise typer.BadParameter("--secret is missing")
    with _stop_on_signals() as stopping:
        try:
            with receiving(port, secret, out) as (number, tally):
                typer.echo(f"listening on http://127.0.0.1:{number}/", err=True)
                stopping.wait()
        except OSError as error:
            raise _fail(error) from error
    told = {"accepted": tally.accepted, "repeats": tally.repeats, "refused": tally.refused}
    typer.echo(json.dumps(told))


@app.command(epilog=_examples(REPLAY))
def replay(
    files: Annotated[list[Path], typer.Argument(help="CSV files with the header timestamp,value")],
    mqtt: MqttBroker,
    api: Annotated[str | None, typer.Option(help="The hub's address: devices are registered there first")] = None,
    speed_up: Annotated[str, typer.Option(help="Times faster than real time, or max")] = "60",
    device: Annotated[str | None, typer.Option(help="Device code; otherwise the file's name")] = None,
    metric: Annotated[str | None, typer.Option(help="Metric; otherwise value")] = None,
    zone: Annotated[str, typer.Option(help="Time zone of times without one")] = "UTC",
    prefix: Prefix = "ganzhi/v1",
    username: Username = None,
    password: Password = None,
    token: Token = None,
) -> None:
    """Publish real measurements with their original timestamps and wait for all acknowledgements."""
    broker = _broker(mqtt, username, password)
    speed = _speed(speed_up)
    try:
        where = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise typer.BadParameter(f"{zone!r} is no time zone") from error
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    bar = Progress(*columns, console=Console(stderr=True))
    began = time.monotonic()
    with _stop_on_signals() as stopping:
        try:
            sources = plan_sources(files, device, metric, where)
            if api is not None:
                register_sources(api, token, sources)
                stopping.wait(1.2)  # a change of the registry is effective within a second
            total = sum(source.rows for source in sources)
            run = Replay(sources, where, prefix, speed, stopping)
            with bar:
                task = bar.add_task("rows acknowledged", total=total)
                run.run(broker, lambda rows: bar.update(task, completed=rows))
        except (FileError, RefusedError, BrokerAbsentError) as error:
            raise _fail(error) from error
    took = time.monotonic() - began
    typer.echo(f"{run.sent} of {total} rows sent, {run.acknowledged} acknowledged by the broker, in {took:.1f} s")
    if run.acknowledged < total:
        raise typer.Exit(1)


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise typer.BadParameter(f"--speed-up {text!r} is neither a number above 0 nor max")
    return speed


if __name__ == "__main__":
    sys.exit(app())
