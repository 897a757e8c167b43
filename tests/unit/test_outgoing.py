"""The guard of outgoing calls, over a DNS of the test's own."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest

from api.push.channel import Accepted, Consumer, TryAgain
from hub.access.guarded_transport import GuardedTransport
from hub.access.outgoing import Outgoing, resolved
from hub.access.outgoing_call import OutgoingRefused, Purpose
from hub.audit_settings import Audit
from hub.limit_settings import Outgoing as Listed
from hub.settings import Api, Database, Kafka, Mqtt, Settings
from tests.support.deliveries import change
from tests.support.webhooks import PLAIN, Receiver, open_webhook


class Dns:
    """A resolver whose answers change: each name's are taken one after the other, the last one stays."""

    def __init__(self, **names: Sequence[Sequence[str]]) -> None:
        self.names = {name.replace("_", "."): list(answers) for name, answers in names.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        if host not in self.names:
            return await resolved(host, port)  # literals, and what the system takes for one
        self.asked.append(host)
        answers = self.names[host]
        return list(answers.pop(0) if len(answers) > 1 else answers[0])


def guard(*webhook: str, dns: Dns | None = None) -> Outgoing:
    settings = Settings(
        outgoing=Listed(webhook=webhook),
        database=Database(url="postgresql://hub@10.0.0.5:5433/x"),
        mqtt=Mqtt(host="127.0.0.1", port=1884),
        kafka=Kafka(servers="10.0.0.6:9092,[fd00::6]:9092"),
        api=Api(port=8425),
        audit=Audit(syslog="10.0.0.7:6514"),
    )
    return Outgoing(settings, dns or Dns())


async def refusal(outgoing: Outgoing, host: str, port: int = 443, purpose: Purpose = "webhook") -> str:
    with pytest.raises(OutgoingRefused) as refused:
        await outgoing.addresses(purpose, host, port)
    assert refused.value.sentence.told("zh") != str(refused.value.sentence)
    return str(refused.value.sentence)


async def test_public_addresses_need_no_entry_at_443_and_one_elsewhere() -> None:
    assert await guard().addresses("webhook", "8.8.8.8", 443) == ["8.8.8.8"]
    assert await guard().addresses("oidc", "2606:4700::1111", 443) == ["2606:4700::1111"]
    assert 'webhook = ["8.8.8.8:80"]' in await refusal(guard(), "8.8.8.8", 80)
    assert 'camera = ["8.8.8.8:443"]' in await refusal(guard(), "8.8.8.8", purpose="camera")


async def test_the_refusal_names_the_whole_line_and_the_line_helps() -> None:
    told = await refusal(guard("10.1.0.0/16:443"), "10.2.0.1", 8443)
    assert told.endswith(
        'write in the section [outgoing] of the settings  webhook = ["10.1.0.0/16:443", "10.2.0.1:8443"]'
    )
    assert await guard("10.1.0.0/16:443", "10.2.0.1:8443").addresses("webhook", "10.2.0.1", 8443) == ["10.2.0.1"]
    assert 'webhook = ["[fd00::9]:443"]' in await refusal(guard(), "fd00::9")
    assert await guard("[fd00::9]:443").addresses("webhook", "fd00::9", 443) == ["fd00::9"]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "017700000001",
        "::1",
        "::ffff:127.0.0.1",
        "localhost",
    ],
)
async def test_loopback_is_refused_in_every_form_even_by_a_wide_entry(host: str) -> None:
    assert "is this machine itself" in await refusal(guard("0.0.0.0/0", "::/0"), host)


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "::ffff:169.254.169.254",
             "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "fd00:ec2::254", "0.0.0.1", "0", "fe80::1", "239.1.1.1"]
)  # fmt: skip
async def test_what_is_never_called_is_refused_whatever_is_allowed(host: str) -> None:
    told = await refusal(guard("0.0.0.0/0", "::/0", "127.0.0.0/8"), host)
    assert "which the hub never calls" in told
    assert "[outgoing]" not in told


@pytest.mark.parametrize(
    ("host", "port", "what"),
    [
        ("10.0.0.5", 5433, "database"),
        ("10.0.0.6", 9092, "Kafka"),
        ("fd00::6", 9092, "Kafka"),
        ("127.0.0.1", 1884, "broker"),
        ("127.9.9.9", 1884, "broker"),
        ("::1", 1884, "broker"),
        ("127.0.0.1", 8425, "API"),
        ("10.0.0.7", 6514, "syslog"),
        ("db.example.org", 5433, "database"),
    ],
)
async def test_the_hubs_own_servers_are_refused_whatever_is_allowed(host: str, port: int, what: str) -> None:
    outgoing = guard("0.0.0.0/0", "::/0", "127.0.0.0/8", "[::1]", dns=Dns(db_example_org=[["10.0.0.5"]]))
    assert f"the hub's own {what}" in await refusal(outgoing, host, port)


async def test_of_several_addresses_only_the_allowed_ones_are_called() -> None:
    dns = Dns(desk_example_org=[["169.254.169.254", "10.0.0.9", "8.8.8.8"]])
    assert await guard(dns=dns).addresses("webhook", "desk.example.org", 443) == ["8.8.8.8"]


async def test_a_name_is_resolved_once_and_connected_to_where_it_was_checked() -> None:
    """DNS rebinding: the second answer would be the one that is connected to, without pinning."""
    async with Receiver() as good, Receiver() as evil:
        port = int(good.url().split(":")[2].split("/")[0])
        dns = Dns(desk_example_org=[["127.0.0.1"], ["127.0.0.2"]])
        async with open_webhook(guard(f"127.0.0.1:{port}", dns=dns), PLAIN) as channel:
            url = f"http://desk.example.org:{port}/hook"
            assert await channel.send(Consumer(1, "desk", url, "whsec_c2VjcmV0"), change()) == Accepted()
            assert dns.asked == ["desk.example.org"]
            assert good.received[0].headers["host"] == f"desk.example.org:{port}"
            await good.stop()  # so that it has to connect anew, and asks again: now for what is not allowed
            answer = await channel.send(Consumer(1, "desk", url, "whsec_c2VjcmV0"), change("a.2"))
            assert isinstance(answer, TryAgain)
            assert answer.failure == "address"
            assert "desk.example.org (127.0.0.2)" in answer.reason
            assert evil.received == []


@asynccontextmanager
async def redirecting(to: str) -> AsyncIterator[int]:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    "to", ["http://169.254.169.254/latest/meta-data", "http://127.0.0.1:1884/", "http://2130706433:1884/"]
)
async def test_a_redirect_that_a_client_follows_is_guarded_too(to: str) -> None:
    async with redirecting(to) as port:
        transport = GuardedTransport(guard(f"127.0.0.1:{port},1884"), "webhook", httpx.Limits())
        async with httpx.AsyncClient(transport=transport, follow_redirects=True, trust_env=False) as client:
            with pytest.raises(OutgoingRefused):
                await client.get(f"http://127.0.0.1:{port}/")


async def test_an_unknown_name_is_told_as_such() -> None:
    async def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    async with open_webhook(Outgoing(Settings(), unknown), PLAIN) as channel:
        answer = await channel.send(Consumer(1, "desk", "https://desk.example.org/", "whsec_c2VjcmV0"), change())
    assert isinstance(answer, TryAgain)
    assert answer.failure == "name"


def test_an_address_in_a_consumers_url_is_refused_when_it_is_set() -> None:
    with pytest.raises(OutgoingRefused):
        guard().check_literal("webhook", "10.0.0.1", 443)
    guard().check_literal("webhook", "desk.example.org", 443)
