"""Webhooks over TLS: which certificates of receivers are trusted, and what is said of one that is not."""

import ssl
from pathlib import Path

import pytest

from api.push.channel import Accepted, Consumer, TryAgain
from app.check.certificates import check_certificates
from hub.errors import ConfigError
from hub.limit_settings import Outgoing
from hub.settings import Settings
from hub.tls import ServerTls, Trust, server_context
from tests.support.certificates import Authority, Pair
from tests.support.deliveries import change
from tests.support.webhooks import LOCAL, PLAIN, Receiver, open_webhook

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def shown(pair: Pair) -> ssl.SSLContext:
    return server_context(ServerTls(certificate=pair.certificate, key=pair.key), "desk")


async def test_a_receiver_of_a_private_authority_is_trusted_once_the_settings_name_it(authority: Authority) -> None:
    async with Receiver(shown(authority.pair("desk"))) as receiver:
        consumer = Consumer(1, "desk", receiver.url(), SECRET, None)
        async with open_webhook(LOCAL, PLAIN) as channel:
            refused = await channel.send(consumer, change())
        assert isinstance(refused, TryAgain), "nothing is lost meanwhile"
        assert refused.failure == "tls"
        assert "outgoing.tls.ca" in refused.reason
        async with open_webhook(LOCAL, PLAIN, Trust(ca=authority.file)) as channel:
            assert await channel.send(consumer, change()) == Accepted()
    assert len(receiver.received) == 1


@pytest.mark.parametrize(
    ("name", "days", "said"), [("127.0.0.1", -1.0, "has expired"), ("desk.example.org", 365.0, "is for another name")]
)
async def test_a_trusted_authority_makes_no_bad_certificate_good(
    authority: Authority, name: str, days: float, said: str
) -> None:
    async with Receiver(shown(authority.pair("desk", name, days))) as receiver:
        async with open_webhook(LOCAL, PLAIN, Trust(ca=authority.file)) as channel:
            answer = await channel.send(Consumer(1, "desk", receiver.url(), SECRET, None), change())
        assert isinstance(answer, TryAgain)
        assert (answer.failure, said in answer.reason) == ("tls", True)
    assert not receiver.received


async def test_a_receiver_that_asks_for_a_certificate_is_shown_that_of_the_settings(authority: Authority) -> None:
    asks = shown(authority.pair("desk"))
    asks.verify_mode = ssl.CERT_REQUIRED
    asks.load_verify_locations(authority.file)
    own = authority.pair("hub", "hub")
    async with Receiver(asks) as receiver:
        for trust, accepted in (
            (Trust(ca=authority.file), False),
            (Trust(ca=authority.file, certificate=own.certificate, key=own.key), True),
        ):
            async with open_webhook(LOCAL, PLAIN, trust) as channel:
                answer = await channel.send(Consumer(1, "desk", receiver.url(), SECRET, None), change())
            assert (answer == Accepted()) is accepted


async def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    for content, said in ((None, "No such file"), ("no certificate", "holds no certificate")):
        file = tmp_path / "ca.crt"
        if content:
            file.write_text(content)
        with pytest.raises(ConfigError, match=f"outgoing.tls.ca: {file}.*{said}"):
            async with open_webhook(LOCAL, PLAIN, Trust(ca=file)):
                pass
        [found] = check_certificates(Settings(outgoing=Outgoing(tls=Trust(ca=file))))
        assert (found.level, "outgoing.tls.ca" in found.what) == ("fail", True)


def test_hub_check_says_how_long_it_is_good(authority: Authority) -> None:
    [found] = check_certificates(Settings(outgoing=Outgoing(tls=Trust(ca=authority.file))))
    assert (found.level, "outgoing.tls.ca" in found.what) == ("ok", True)
