"""What only mail does: TLS, recipients one by one, ids and threads, and the chart."""

import io
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from matplotlib.image import imread

from api.push.address import Address, BadAddressError
from api.push.channel import Accepted, Refused, TryAgain
from api.push.mail import Mail, parse_mail
from tests.support.certificates import Authority
from tests.support.channel_kits import MailKit, local_mail, mail_kit
from tests.support.deliveries import TITLE, change
from tests.support.mail_server import MailServer

DESK, HEAD = "desk-1@example.org", "head@example.org"


@pytest.fixture
async def kit() -> AsyncIterator[MailKit]:
    async with mail_kit() as made:
        yield made


async def test_a_mail_has_text_html_a_chart_and_says_how_urgent_it_is(kit: MailKit) -> None:
    made = change(title="<b>水位</b> 4.31")
    readings = [(made.at + timedelta(minutes=number), 3.0 + number / 10) for number in range(20)]
    assert await kit.channel.send(kit.of([DESK, HEAD]), replace(made, readings=readings)) == Accepted()
    [got] = kit.server.got
    assert sorted(got.recipients) == [DESK, HEAD]
    message = got.message
    assert (message["importance"], message["auto-submitted"]) == ("high", "auto-generated")
    assert "水位" in message["subject"]
    assert "https://ganzhi.example.org/#alert-1" in got.plain
    page = message.get_body(("html",))
    [image] = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert page is not None
    assert "<b>水位" not in page.get_content()
    assert "20 个读数，3 到 4.9" in page.get_content()
    pixels = imread(io.BytesIO(image.get_content()), format="png")
    assert pixels.shape[:2] == (140, 480)
    assert len({tuple(pixel) for row in pixels for pixel in row}) == 3, "paper, line and threshold"


async def test_a_proof_asks_the_server_and_sends_nobody_a_mail(kit: MailKit) -> None:
    assert isinstance(await kit.channel.send(kit.of([DESK, HEAD]), change(kind="heartbeat")), Accepted)
    kit.server.answers = {HEAD: "550 5.1.1 no such user"}
    answer = await kit.channel.send(kit.of([DESK, HEAD]), change(kind="heartbeat"))
    assert isinstance(answer, Refused)
    assert kit.server.got == []


async def test_a_repetition_has_the_same_id_and_an_alert_is_one_thread(kit: MailKit) -> None:
    kit.behave("failing")
    await kit.channel.send(kit.consumer(), change("x.1"))
    kit.behave("accept")
    for made in (change("x.1"), change("x.1"), change("x.2", "cleared")):
        assert await kit.channel.send(kit.consumer(), made) == Accepted()
    first, again, second = [got.message for got in kit.server.got]
    assert first["message-id"] == again["message-id"] != second["message-id"]
    assert second["in-reply-to"] == second["references"] == first["message-id"]
    assert first["in-reply-to"] is None


async def test_while_one_is_greylisted_nobody_gets_it_twice(kit: MailKit) -> None:
    kit.server.answers[HEAD] = "451 4.7.1 greylisted: come back later"
    consumer = kit.of([DESK, HEAD])
    first = await kit.channel.send(consumer, change())
    assert isinstance(first, TryAgain)
    assert (first.failure, HEAD in first.reason) == ("busy", True)
    del kit.server.answers[HEAD]
    assert await kit.channel.send(consumer, change()) == Accepted()
    assert [got.recipients for got in kit.server.got] == [[DESK], [HEAD]]


async def test_who_is_refused_for_good_is_told_and_all_refused_is_given_up(kit: MailKit) -> None:
    kit.server.answers[HEAD] = "550 5.1.1 no such mailbox"
    answer = await kit.channel.send(kit.of([DESK, HEAD]), change())
    assert isinstance(answer, Accepted)
    assert f"{HEAD}: 550" in answer.said
    refused = await kit.channel.send(kit.of([HEAD]), change("b.1"))
    assert isinstance(refused, Refused)
    assert "no such mailbox" in refused.reason


async def test_tls_from_the_first_byte_and_nothing_without_trust(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path, "other")
    trusted = ssl.create_default_context(cafile=str(authority.file))
    async with MailServer(authority.pair("good"), implicit=True) as server:
        kit = MailKit(local_mail(trusted), server)
        assert await kit.channel.send(kit.consumer(), change()) == Accepted()
        [got] = server.got
        assert TITLE in got.message["subject"]
    for implicit in (True, False):
        async with MailServer(other.pair("bad"), implicit) as server:
            kit = MailKit(local_mail(trusted), server)
            answer = await kit.channel.send(kit.consumer(), change())
            assert isinstance(answer, TryAgain)
            assert answer.failure == "tls", answer
            assert server.got == []


async def test_a_login_never_goes_out_without_tls(kit: MailKit) -> None:
    consumer = kit.consumer()
    plain = replace(consumer, settings={**consumer.settings, "tls": "none"})
    answer = await kit.channel.send(plain, change())
    assert isinstance(answer, TryAgain)
    assert answer.failure == "login"
    assert isinstance(kit.channel, Mail)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("smtps://mail.example.org", Address("smtps://mail.example.org", None)),
        ("smtp://u:p@mail.example.org:25/", Address("smtp://mail.example.org:25", "u:p")),
        ("https://mail.example.org", None),
        ("smtp://mail.example.org/inbox", None),
        ("smtp://mail.example.org:0", None),
        ("smtp://", None),
    ],
)
def test_addresses_of_mail_servers(url: str, kept: Address | None) -> None:
    if kept is None:
        with pytest.raises(BadAddressError):
            parse_mail(url)
    else:
        assert parse_mail(url) == kept
