"""`hub check`: what is reachable, in which version, and which settings of the broker or database lose messages."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from app.check.access import check_access
from app.check.audit import check_audit
from app.check.calendars import check_calendars
from app.check.cameras import check_cameras
from app.check.certificates import check_certificates
from app.check.clock import check_clock
from app.check.diode import check_diode
from app.check.edge_roles import check_edge_roles
from app.check.fallback import check_fallback
from app.check.finding import Finding
from app.check.floods import check_floods
from app.check.forwards import check_forwards
from app.check.kafka import check_kafka
from app.check.logins import check_logins
from app.check.networks import check_networks
from app.check.oidc import check_oidc
from app.check.outgoing import check_outgoing
from app.check.path import check_path
from app.check.pictures import check_pictures
from app.check.polling import check_polling
from app.check.ports import check_ports
from app.check.retention import check_retention
from app.check.rotas import check_rotas
from app.check.routing import check_routing
from app.check.rules import check_rules
from app.check.secrets import check_secrets
from app.check.server_certificates import check_server_certificates, database_fault
from app.check.session import check_session
from app.check.sims import check_sims
from app.check.stations import check_stations
from app.check.subscriptions import check_subscriptions
from app.check.warnings import check_warnings
from devices.topics import own_topic
from hub.errors import ConfigError, HubError
from hub.mqtt_thread import leave_broker
from hub.settings import Database, Mqtt, Settings
from hub.store.pool import connect, lasting_errors, sorted_errors
from hub.store.rebuild import progress, waits_for_owner
from hub.store.schema import check_schema
from hub.store.statements import statements
from ingest.mqtt.authority import broker_context, broker_fault
from ingest.mqtt.connection import set_credentials

SQL = statements(__name__)

ANSWER_S = 5.0
BURST = 1_500
"""More than mosquitto's default queue of 1,000: a broker that drops at its default loses some of these."""


async def check(settings: Settings) -> AsyncIterator[Finding]:
    """Yield findings; only publishes test messages to its own topic."""
    for finding in [*check_certificates(settings), *await check_server_certificates(settings)]:
        yield finding
    async for finding in _check_database(settings.database):
        yield finding
    for finding in [*check_retention(settings), *await check_audit(settings), *await check_logins(settings)]:
        yield finding
    for finding in [*await check_clock(settings), *await check_floods(settings), *await check_calendars(settings)]:
        yield finding
    async for finding in _check_mqtt(settings):
        yield finding
    if settings.kafka.servers is not None:
        for finding in await check_kafka(settings.kafka):
            yield finding
    async for finding in _check_others(settings):
        yield finding
    for finding in [*check_pictures(settings), *await asyncio.to_thread(check_ports, settings)]:
        yield finding


async def _check_others(settings: Settings) -> AsyncIterator[Finding]:
    async for finding in check_outgoing(settings):
        yield finding
    asked = (check_fallback, check_routing, check_rules, check_rotas, check_path, check_secrets, check_warnings)
    for found in (
        *asked,
        check_forwards,
        check_stations,
        check_edge_roles,
        check_cameras,
        check_polling,
        check_networks,
        check_diode,
        check_subscriptions,
        check_sims,
    ):
        for finding in await found(settings):
            yield finding
    async for finding in check_oidc(settings):
        yield finding


async def _check_mqtt(settings: Settings) -> AsyncIterator[Finding]:
    try:
        broker_context(settings.mqtt)
    except ConfigError as error:
        yield Finding("fail", f"broker: {error.detail}")
        return
    for finding in await check_access(settings):
        yield finding
    for finding in await asyncio.to_thread(_check_broker, settings.mqtt):
        yield finding
    for finding in await check_session(settings):
        yield finding


async def _check_database(database: Database) -> AsyncIterator[Finding]:
    try:
        with lasting_errors():
            async with await connect(database.url) as conn:
                cursor = await conn.execute(SQL.server_facts)
                row = await cursor.fetchone()
    except ConfigError as error:
        yield Finding("fail", f"database: {error.detail}", await database_fault(database) or "")
        return
    except HubError as error:
        advice = await database_fault(database) or "check database.url, and that PostgreSQL runs there"
        yield Finding("fail", f"database: {error.detail}", advice)
        return
    version, fsync, synchronous, full_pages, timescaledb = row or ("?", "?", "?", "?", None)
    yield Finding("ok", f"database: PostgreSQL {version}")
    if timescaledb is None:
        yield Finding(
            "warn",
            "database: without TimescaleDB (monthly partitions, no compression)",
            "install TimescaleDB 2.23 or newer and preload it before `hub migrate` makes a new database",
        )
    else:
        yield Finding("ok", f"database: TimescaleDB {timescaledb}")
    for name, value in (("fsync", fsync), ("synchronous_commit", synchronous), ("full_page_writes", full_pages)):
        if value in ("off", "false"):
            yield Finding("warn", f"database: {name} is {value}", f"acknowledged readings can be lost: set {name} = on")
    try:
        mode = await check_schema(database.url)
        yield Finding("ok", f"database: schema is up to date ({mode})")
        with sorted_errors():
            async with await connect(database.url) as conn:
                rebuild, waits = await progress(conn), await waits_for_owner(conn)
        if waits:
            yield Finding(
                "warn",
                "database: rollups have to be made anew, by the owner of the tables; answers are right meanwhile",
                "hub migrate --rollups, with database.owner_url; it may be broken off, and goes on the next time",
            )
        elif rebuild is not None:
            yield Finding(
                "ok", f"database: rollups are made anew, {rebuild.percent:.1f} % done; answers are right meanwhile"
            )
    except HubError as error:
        yield Finding("fail", f"database: {error.detail}")


def _check_broker(mqtt: Mqtt) -> list[Finding]:
    """Leave a persistent session, publish a burst while disconnected, reconnect and count."""
    where = f"broker {mqtt.host}:{mqtt.port}"
    topic = own_topic(mqtt.prefix, "check", client_id=mqtt.client_id)
    try:
        heard, kept = 0, False
        with _Session(mqtt, "check", clean=True):
            pass  # forget what an earlier check left
        with _Session(mqtt, "check") as away:
            away.client.subscribe(topic, qos=1)
            away.wait(lambda: away.subscribed, "the subscription")
        with _Session(mqtt, "check-out", clean=True) as sender:
            sent = [sender.client.publish(topic, str(number), qos=1) for number in range(BURST)]
            sender.wait(lambda: all(info.is_published() for info in sent), "the acknowledgement of messages")
        with _Session(mqtt, "check") as back:
            kept = back.present
            with suppress(TimeoutError):
                back.wait(lambda: back.heard >= BURST, "the messages")
            heard = back.heard
        with _Session(mqtt, "check", clean=True):
            pass
    except (OSError, TimeoutError) as error:
        if told := broker_fault(error, mqtt):
            return [Finding("fail", f"broker: {told}")]
        return [Finding("fail", f"{where}: {error or 'no answer'}", "check mqtt.host, mqtt.port and the credentials")]
    return [Finding("ok", f"{where}: reachable"), _judge(where, kept, heard)]


def _judge(where: str, kept: bool, heard: int) -> Finding:
    if not kept:
        return Finding(
            "warn", f"{where}: it forgets sessions", "mosquitto: persistence true, no persistent_client_expiration"
        )
    if heard < BURST:
        return Finding(
            "warn",
            f"{where}: of {BURST} messages for an absent subscriber it kept {heard}",
            "mosquitto: max_queued_messages 0; otherwise messages are lost while the hub is away",
        )
    return Finding("ok", f"{where}: keeps its sessions and at least {BURST} messages while the hub is away")


class _Session:
    """A connected test client, as a context manager."""

    def __init__(self, mqtt: Mqtt, role: str, clean: bool = False) -> None:
        self._mqtt = mqtt
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"{mqtt.client_id[:50]}-{role}",
            clean_session=clean,
            protocol=paho.MQTTv311,
        )
        self.present = self.subscribed = self._connected = False
        self._refusal: str | None = None
        self.heard = 0
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = self._on_subscribe
        self.client.on_message = self._on_message
        set_credentials(self.client, mqtt)

    def __enter__(self) -> "_Session":
        self.client.connect(self._mqtt.host, self._mqtt.port)
        self.client.loop_start()
        try:
            self.wait(lambda: self._connected, "the connection")
        except TimeoutError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        leave_broker(self.client)

    def wait(self, ready: Callable[[], bool], for_what: str) -> None:
        """Wait until `ready`; TimeoutError names what did not come in ANSWER_S."""
        end = time.monotonic() + ANSWER_S
        while not ready():
            if self._refusal is not None:
                raise TimeoutError(f"the broker refuses this user: {self._refusal}")
            if time.monotonic() > end:
                raise TimeoutError(f"{for_what} did not come within {ANSWER_S:.0f} s")
            time.sleep(0.01)

    def _on_connect(self, _client: Any, _data: Any, flags: Any, reason: Any, _properties: Any) -> None:
        self.present, self._connected = flags.session_present, not reason.is_failure
        self._refusal = str(reason) if reason.is_failure else None

    def _on_subscribe(self, _client: Any, _data: Any, _mid: int, reasons: Any, _properties: Any) -> None:
        self.subscribed = not any(reason.is_failure for reason in reasons)

    def _on_message(self, _client: Any, _data: Any, _message: Any) -> None:
        self.heard += 1
