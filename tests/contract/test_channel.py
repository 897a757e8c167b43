"""What every way out of the hub must do. A further one adds its kit (tests/support/channel_kits.py), nothing here."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from api.push.channel import SAID_MAX, Accepted, Refused, Summary, TryAgain
from api.push.kinds import KINDS
from hub.alerts.titles import marked
from hub.words import Lang
from tests.support.channel_kits import ANSWERS_INSIDE, KITS, Kit, Mode
from tests.support.deliveries import TITLE, change
from tests.support.process import eventually

CHANGE = change()
IN_TIME_S = 10
STORM = [change(f"a{each}.1", title=f"no. {each}.", level="orange", event_kind="smoke") for each in range(11)]
SUMMARY = Summary("s.1", CHANGE.at, [*STORM, change("b.2", kind="cleared", cleared_at="2026-01-01T00:00:01Z")])


@pytest.fixture(params=sorted(KITS))
async def kit(request: pytest.FixtureRequest) -> AsyncIterator[Kit]:
    async with KITS[request.param]() as made:
        yield made


@pytest.fixture(params=sorted(ANSWERS_INSIDE))
async def inside(request: pytest.FixtureRequest) -> AsyncIterator[Kit]:
    async with KITS[request.param]() as made:
        yield made


def test_each_kind_has_its_kit() -> None:
    assert set(KITS) == {kind for kind, each in KINDS.items() if not each.followed}


async def test_what_is_accepted_arrived_and_the_answer_is_kept(kit: Kit) -> None:
    answer = await kit.channel.send(kit.consumer(), CHANGE)
    assert isinstance(answer, Accepted), answer
    assert 0 < len(answer.said) <= SAID_MAX
    [text] = kit.texts()
    assert TITLE in text


@pytest.mark.parametrize(("lang", "mark"), [("zh", "【演练】"), ("en", "[DRILL] ")])
async def test_the_text_of_a_drill_begins_with_its_mark(kit: Kit, lang: Lang, mark: str) -> None:
    """Whether its title is marked already, as those of the store are, or not; once."""
    for title in (TITLE, marked(TITLE), marked(TITLE, "zh")):
        assert await kit.channel.send(kit.consumer(), change(lang=lang, drill=True, title=title)) == Accepted()
        assert f"{mark}{TITLE}" in kit.texts()[-1]
        assert kit.texts()[-1].count(mark) in (1, 2), "a robot has it in the title and in the text"
    assert await kit.channel.send(kit.consumer(), change(lang=lang)) == Accepted()
    assert mark not in kit.texts()[-1]


async def test_a_summary_is_one_message_that_counts_and_a_repetition_is_the_same(kit: Kit) -> None:
    for _ in range(2):
        answer = await kit.channel.send_summary(kit.consumer(), SUMMARY)
        assert isinstance(answer, Accepted), answer
    first, again = kit.texts()
    assert first == again
    assert "12" in first
    if kit.names_each:
        assert all(f"no. {each}." in first for each in range(11))
    kit.behave("refuse")
    answer = await kit.channel.send_summary(kit.consumer(), SUMMARY)
    assert isinstance(answer, TryAgain)
    assert answer.reason


@pytest.mark.parametrize("mode", ["refuse", "silent", "failing", "redirect", "cut"])
async def test_a_peer_that_does_not_accept_is_tried_again_with_a_reason(kit: Kit, mode: Mode) -> None:
    kit.behave(mode)
    async with asyncio.timeout(IN_TIME_S):
        answer = await kit.channel.send(kit.consumer(), CHANGE)
    assert isinstance(answer, TryAgain)
    assert answer.reason
    assert answer.reason.isprintable()
    kit.behave("accept")
    assert await kit.channel.send(kit.consumer(), CHANGE) == Accepted()


async def test_an_error_inside_a_200_is_no_success(inside: Kit) -> None:
    inside.behave("refuse inside")
    answer = await inside.channel.send(inside.consumer(), CHANGE)
    assert isinstance(answer, TryAgain | Refused)
    assert answer.reason


async def test_an_endless_answer_is_not_read_to_its_end(kit: Kit) -> None:
    kit.behave("endless")
    async with asyncio.timeout(IN_TIME_S):
        await kit.channel.send(kit.consumer(), CHANGE)
    assert kit.sent_bytes() < 100_000_000


async def test_a_peer_that_is_gone_is_tried_again_and_found_when_it_is_back(kit: Kit) -> None:
    assert await kit.channel.send(kit.consumer(), CHANGE) == Accepted()
    await kit.go()
    async with asyncio.timeout(IN_TIME_S):
        answer = await kit.channel.send(kit.consumer(), change("a.2"))
    assert isinstance(answer, TryAgain)
    assert answer.reason
    await kit.come_back()
    assert await kit.channel.send(kit.consumer(), change("a.2")) == Accepted()


async def test_an_address_that_cannot_work_is_tried_until_it_is_put_right(kit: Kit) -> None:
    for consumer in kit.unusable():
        answer = await kit.channel.send(consumer, CHANGE)
        assert isinstance(answer, TryAgain), consumer
        assert answer.reason


async def test_a_secret_that_is_not_taken_is_told_and_nothing_counts_as_sent(kit: Kit) -> None:
    answer = await kit.channel.send(kit.unsigned(), CHANGE)
    assert isinstance(answer, Refused | TryAgain)
    assert answer.failure in ("secret", "login")
    assert answer.reason
    assert not (isinstance(answer, Refused) and answer.gone)


async def test_many_at_once_and_none_mixed_up(kit: Kit) -> None:
    sent = [(number, f"number {number}, change {seq}") for number in range(1, 6) for seq in range(10)]
    answers = await asyncio.gather(
        *[kit.channel.send(kit.consumer(n), replace(CHANGE, picture={**CHANGE.picture, "title": t})) for n, t in sent]
    )
    assert set(answers) == {Accepted()}
    for number in range(1, 6):
        titles = [title for n, title in sent if n == number]
        assert len(kit.texts(number)) == len(titles)
        assert all(any(title in text for text in kit.texts(number)) for title in titles)


async def test_it_goes_on_after_being_cancelled_under_way(kit: Kit) -> None:
    kit.behave("silent")
    task = asyncio.create_task(kit.channel.send(kit.consumer(), CHANGE), name="send")

    async def arrived() -> bool:
        return bool(kit.texts())

    await eventually(arrived, "the message at the peer")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    kit.behave("accept")
    assert await kit.channel.send(kit.consumer(), CHANGE) == Accepted()


async def test_a_peer_that_repeats_what_it_got_is_not_quoted_with_secrets(kit: Kit) -> None:
    kit.behave("echo")
    answer = await kit.channel.send(kit.consumer(), CHANGE)
    assert not any(secret in f"{answer!r} {kit.consumer()!r}" for secret in kit.secrets())
