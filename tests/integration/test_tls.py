"""TLS to the broker, the database and Kafka, and of the API: what is refused, and the sentence that says why."""

import asyncio
import os
import re
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from api.http.certificate import Certificate
from api.http.headers import SafeHeaders
from api.http.server import configured
from app.check.certificates import check_certificates
from app.check.server_certificates import check_server_certificates, database_fault
from hub.errors import BrokerUnavailable, ConfigError
from hub.settings import Api, Database, Kafka, Mqtt, Settings
from hub.store.pool import connect, lasting_errors
from hub.tls import ServerTls, Tls
from ingest.kafka.security import connection_options, tls_fault
from ingest.kafka.topics import ensure_topics
from ingest.mqtt.connection import MqttConnection
from tests.support.broker import Mosquitto
from tests.support.certificates import Authority, Pair, give_to
from tests.support.cluster import Cluster
from tests.support.hub import Hub, run_hub
from tests.support.process import eventually, free_port
from tests.support.stores import timescaledb_binaries

BAD = [
    ("expired", "has expired: renew it"),
    ("other", "is for another name than 127.0.0.1"),
    ("stranger", "names no authority that is trusted here: write the file"),
]
"""Which certificate a server shows, and what is said of it."""


class Hand(dict[str, Pair]):
    """Certificates of a server by what is to be said of them."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        super().__init__(
            good=self.authority.pair("good"),
            expired=self.authority.pair("expired", days=-1),
            other=self.authority.pair("other", "broker.example.org"),
            stranger=Authority(folder, "nobody").pair("stranger"),
            client=self.authority.pair("client", "hub"),
        )


@pytest.fixture(scope="module")
def hand(tmp_path_factory: pytest.TempPathFactory) -> Hand:
    return Hand(tmp_path_factory.mktemp("certificates"))


def with_tls(mosquitto: Mosquitto, hand: Hand, pair: Pair, **more: str) -> int:
    """Let a broker take TLS at a further port."""
    port = free_port()
    files = {"certfile": str(pair.certificate), "keyfile": str(pair.key), "cafile": str(hand.authority.file)}
    mosquitto.stop()
    mosquitto.settings |= {f"listener {port}": "127.0.0.1", **files, **more}
    mosquitto.start()
    return port


async def connected(mqtt: Mqtt) -> None:
    connection = MqttConnection(mqtt, ["x"], lambda some: None, "hub-tls", clean=True)
    try:
        await connection.open()
    finally:
        connection.close()


@pytest.mark.parametrize(("which", "told"), BAD)
async def test_a_bad_certificate_of_the_broker_is_refused(
    mosquitto: Mosquitto, hand: Hand, which: str, told: str
) -> None:
    port = with_tls(mosquitto, hand, hand[which])
    with pytest.raises(BrokerUnavailable) as refused:
        await connected(Mqtt(port=port, tls=Tls(ca=hand.authority.file)))
    assert f"the certificate of 127.0.0.1:{port} {told}" in str(refused.value)
    if which == "stranger":
        assert "mqtt.tls.ca" in str(refused.value)


async def test_the_broker_is_reached_with_a_certificate_of_ones_own_and_by_another_name(
    mosquitto: Mosquitto, hand: Hand
) -> None:
    port = with_tls(mosquitto, hand, hand["other"], require_certificate="true")
    client = {"certificate": hand["client"].certificate, "key": hand["client"].key}
    named = Tls(ca=hand.authority.file, server_name="broker.example.org", **client)
    await connected(Mqtt(port=port, tls=named))
    with pytest.raises(BrokerUnavailable, match="is for another name than elsewhere"):
        await connected(Mqtt(port=port, tls=named.model_copy(update={"server_name": "elsewhere"})))
    with pytest.raises(BrokerUnavailable, match=r"refuses the hub's certificate|wants a certificate of the hub"):
        await connected(Mqtt(port=port, tls=named.model_copy(update={"certificate": None, "key": None})))
    with pytest.raises(BrokerUnavailable, match="speaks no TLS there"):
        await connected(Mqtt(port=mosquitto.port, tls=named))


async def test_the_former_setting_of_an_authority_still_works(mosquitto: Mosquitto, hand: Hand) -> None:
    port = with_tls(mosquitto, hand, hand.authority.pair("soon", days=20.2))
    mqtt = Mqtt(port=port, tls_ca=hand.authority.file)
    await connected(mqtt)
    kafka = Kafka(servers=f"127.0.0.1:{port},127.0.0.1:1", tls=Tls(ca=hand.authority.file))
    found = await check_server_certificates(Settings(mqtt=mqtt, kafka=kafka))
    assert [each.level for each in found] == ["warn", "warn"], "who does not answer is told of elsewhere"
    assert f"of the broker 127.0.0.1:{port} (CN=127.0.0.1) expires in 20 days" in found[0].what


@pytest.fixture
def installed_cluster() -> Iterator[Cluster]:
    """A server of the test's own; the embedded one is built without TLS."""
    binaries = timescaledb_binaries()
    if binaries is None:
        assert "CI" not in os.environ, "no PostgreSQL is installed"
        pytest.skip("no PostgreSQL with TLS is installed here: apt-get install postgresql")
    cluster = Cluster(binaries)
    try:
        yield cluster.create()
    finally:
        cluster.remove()


@pytest.fixture
def secured(installed_cluster: Cluster) -> Callable[[Pair], str]:
    """Serve a certificate from a PostgreSQL server; returns its url."""

    def serve(pair: Pair) -> str:
        with psycopg.connect(installed_cluster.url, autocommit=True) as conn:
            data = Path(str(conn.execute("show data_directory").fetchone()[0]))  # type: ignore[index]
            for name, value in (("cert", pair.certificate), ("key", pair.key)):
                there = data / f"of_tests.{name}"
                shutil.copy(value, there)
                give_to(data, there)
                conn.execute(f"alter system set ssl_{name}_file = 'of_tests.{name}'")
            conn.execute("alter system set ssl = on")
            conn.execute("select pg_reload_conf()")
        return installed_cluster.url

    return serve


async def test_bad_certificates_of_the_database_are_refused(secured: Callable[[Pair], str], hand: Hand) -> None:
    url = secured(hand["good"])
    good = Database(url=url, tls=Tls(ca=hand.authority.file))

    async def in_use() -> bool:
        try:
            conn = await connect(good.url)
        except psycopg.OperationalError:
            return False
        async with conn:
            row = await (await conn.execute("select ssl from pg_stat_ssl where pid = pg_backend_pid()")).fetchone()
            return bool(row and row[0])

    await eventually(in_use, "the server has read its settings")
    assert await database_fault(good) is None
    [told_of] = await check_server_certificates(Settings(database=good))
    assert told_of.level == "ok"
    assert re.search(r"of the database 127\.0\.0\.1:\d+ \(CN=127\.0\.0\.1\) is good until", told_of.what)
    for which, told in BAD:
        secured(hand[which])

        async def refused(told: str = told) -> bool:
            return told in (await database_fault(good) or "")

        await eventually(refused, f"the certificate {which} is refused")
        with pytest.raises(ConfigError, match="hub check"), lasting_errors():
            await connect(good.url)


@asynccontextmanager
async def speaking_tls(pair: Pair) -> AsyncIterator[int]:
    """A server that speaks TLS, and nothing further."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    async with await asyncio.start_server(
        lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context
    ) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(("which", "told"), BAD)
async def test_a_bad_certificate_of_kafka_is_refused(hand: Hand, which: str, told: str) -> None:
    async with speaking_tls(hand[which]) as port:
        kafka = Kafka(servers=f"127.0.0.1:{port}", tls=Tls(ca=hand.authority.file))
        with pytest.raises(BrokerUnavailable, match=told):
            await ensure_topics(kafka, ["x"])
    async with speaking_tls(hand["good"]) as port:
        assert await tls_fault(kafka.model_copy(update={"servers": f"127.0.0.1:{port}"})) is None


def test_how_kafka_is_connected_to(hand: Hand) -> None:
    login = {"username": "hub", "password": "s3cret", "mechanism": "SCRAM-SHA-256"}
    assert connection_options(Kafka(servers="k:9092"))["security_protocol"] == "PLAINTEXT"
    assert connection_options(Kafka(servers="k:9092", tls=Tls()))["security_protocol"] == "SSL"
    found = connection_options(Kafka.model_validate({"servers": "k:9092", **login}))
    assert (found["security_protocol"], found["sasl_mechanism"]) == ("SASL_PLAINTEXT", "SCRAM-SHA-256")
    assert (
        connection_options(Kafka.model_validate({"servers": "k:9092", "tls": {}, **login}))["security_protocol"]
        == "SASL_SSL"
    )
    assert "s3cret" not in repr(Kafka.model_validate({"servers": "k:9092", **login}))


@asynccontextmanager
async def api(certificate: Certificate) -> AsyncIterator[str]:
    app = SafeHeaders(Starlette(routes=[Route("/", lambda request: PlainTextResponse("here"))]))
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    server = configured(app, "127.0.0.1", port, 2, certificate)
    task = asyncio.create_task(server.serve([listening]), name="server")
    try:

        async def started() -> bool:
            return server.started

        await eventually(started, "the server listens")
        yield f"https://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        await task


def trusting(hand: Hand) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(hand.authority.file))


async def test_the_api_speaks_https_and_takes_a_renewed_certificate(
    hand: Hand, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = Pair(tmp_path / "api.crt", tmp_path / "api.key")
    for source, there in zip(hand["expired"], files, strict=True):
        shutil.copy(source, there)
    certificate = Certificate(ServerTls(certificate=files.certificate, key=files.key))
    async with api(certificate) as url, httpx.AsyncClient(verify=trusting(hand), trust_env=False) as client:
        with pytest.raises(httpx.ConnectError, match="expired"):
            await client.get(url)
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(url.replace("https", "http"))
        files.certificate.write_text("half of a certificate")
        certificate.renew()
        assert "the former certificate stays" in caplog.text
        for source, there in zip(hand["good"], files, strict=True):
            shutil.copy(source, there)

        async def taken() -> bool:
            try:
                return (await client.get(url)).text == "here"
            except httpx.ConnectError:
                return False

        await eventually(taken, "the renewed certificate is shown")
        assert (await client.get(url)).headers["strict-transport-security"] == "max-age=31536000"


async def test_who_does_not_shake_hands_is_cut_off(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.http.server.HANDSHAKE_S", 0.2)
    good = hand["good"]
    async with api(Certificate(ServerTls(certificate=good.certificate, key=good.key))) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rstrip("/").rpartition(":")[2]))
        async with asyncio.timeout(20):  # asyncio alone would keep it for 60 s
            assert await reader.read() == b""
        writer.close()


def test_files_that_cannot_be_used_are_named(hand: Hand, tmp_path: Path) -> None:
    good, other = hand["good"], hand["other"]
    for pair, told in (
        (Pair(good.certificate, other.key), "is not the key of"),
        (Pair(good.certificate, tmp_path / "none"), "api.tls.key: .*No such file"),
        (Pair(good.key, good.key), "are not a certificate and its key"),
    ):
        with pytest.raises(ConfigError, match=told):
            Certificate(ServerTls(certificate=pair.certificate, key=pair.key))


def test_the_check_tells_when_certificates_end(hand: Hand) -> None:
    def told(days: float) -> tuple[str, str]:
        pair = hand.authority.pair("soon", days=days)
        settings = Settings(api=Api(tls=ServerTls(certificate=pair.certificate, key=pair.key)))
        [finding] = check_certificates(settings)
        return finding.level, finding.what

    assert told(300)[0] == "ok"
    assert str(datetime.now(UTC).year) in told(0.5)[1] or "UTC" in told(0.5)[1]
    level, what = told(20.2)
    assert level == "warn"
    assert re.search(r"api\.tls\.certificate .*soon\.crt \(CN=127\.0\.0\.1\) expires in 20 days, on 20\d\d-", what)
    assert told(-3)[0] == "fail"
    mqtt = Mqtt(tls_ca=hand.authority.file)
    assert [finding.level for finding in check_certificates(Settings(mqtt=mqtt))] == ["ok"]


def test_a_hub_over_https_is_asked_by_its_own_command_line(
    database: str, mosquitto: Mosquitto, hand: Hand, tmp_path: Path
) -> None:
    port = with_tls(mosquitto, hand, hand["good"])
    good = hand["good"]
    env = {
        "HUB_API__TLS__CERTIFICATE": str(good.certificate),
        "HUB_API__TLS__KEY": str(good.key),
        "HUB_MQTT__TLS__CA": str(hand.authority.file),
        "HUB_API__TOKEN": "a-token-of-tests",
    }
    hub = Hub(database, port, tmp_path, **env)
    hub.api = httpx.Client(base_url=f"https://127.0.0.1:{hub.port}", verify=trusting(hand), timeout=30)
    try:
        hub.start()
        asked = {**hub.env, "SSL_CERT_FILE": str(hand.authority.file)}
        status, told = run_hub("consumers", "list", env=asked, folder=tmp_path)
        assert status == 0, told
        assert f"https://127.0.0.1:{hub.port}" in told
        status, told = run_hub("check", env=asked, folder=tmp_path)
        assert status == 0, told
        for setting in ("api.tls.certificate", "mqtt.tls.ca"):
            assert re.search(rf"ok +certificate: {setting} .* is good until", told), told
    finally:
        hub.close()
