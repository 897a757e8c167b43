"""What only robots of group chats do: how a message looks, and what each code means."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from api.push.channel import Accepted, Summary, TryAgain
from api.push.robot import Robot
from hub.words import LANGS, Lang
from hub.words.sentence import Sentence
from tests.support.channel_kits import RobotKit, dingtalk_kit, feishu_kit, wecom_kit
from tests.support.deliveries import TITLE, change

KITS = {"dingtalk": dingtalk_kit, "wecom": wecom_kit, "feishu": feishu_kit}


@pytest.fixture(params=sorted(KITS))
async def kit(request: pytest.FixtureRequest) -> AsyncIterator[RobotKit]:
    async with KITS[request.param]() as made:
        yield made


async def test_a_message_has_level_title_place_time_and_link(kit: RobotKit) -> None:
    assert await kit.channel.send(kit.consumer(), change()) == Accepted()
    [text] = kit.texts()
    for part in (
        "红色",
        TITLE,
        "浙江省杭州市西湖区 River gauge 1",
        "2026-01-01 08:00:01+08:00",
        "#alert-1",
        "查看告警",
    ):
        assert part in text, part


@pytest.mark.parametrize("lang", LANGS)
async def test_an_exercise_and_a_test_begin_with_their_marks(kit: RobotKit, lang: Lang) -> None:
    drill, test = {"zh": ("【演练】", "【测试】"), "en": ("[DRILL] ", "[TEST] ")}[lang]
    await kit.channel.send(kit.consumer(), change(lang=lang, drill=True))
    await kit.channel.send(kit.consumer(), replace(change(kind="test", lang=lang), test=True))
    assert [f"{mark}{TITLE}" in text for mark, text in zip((drill, test), kit.texts(), strict=True)] == [True, True]


async def test_names_of_devices_are_no_markup(kit: RobotKit) -> None:
    hostile = "[免费](http://evil.example) <at id=all></at> <@all> **x**\n# y"
    await kit.channel.send(kit.consumer(), change(title=hostile, device_name=hostile))
    [text] = kit.texts()
    assert not any(part in text for part in ("[免费]", "<at", "<@all", "**x**", "\\n# y"))


async def test_what_a_ceiling_leaves_is_still_a_message(kit: RobotKit) -> None:
    made = change(title=None, device_name=None, value=None, event_kind="smoke")
    assert await kit.channel.send(kit.consumer(), made) == Accepted()
    assert "烟雾（红色）" in kit.texts()[0]


async def test_a_summary_names_each_in_one_message_that_the_robot_takes(kit: RobotKit) -> None:
    channel = kit.channel
    assert isinstance(channel, Robot)
    changes = [change(f"a.{number}", title=f"第 {number} 号" + "水" * 200) for number in range(channel.pace.group)]
    assert (
        await channel.send_summary(kit.consumer(), Summary("s.1", changes[0].at, [*changes, change("b.1")]))
        == Accepted()
    )
    [text] = kit.texts()
    assert all(f"第 {number} 号" in text for number in range(channel.pace.group))
    assert f"{channel.pace.group + 1} 条告警" in text
    assert "另有 1 条" in text


@pytest.mark.parametrize(
    ("kind", "code", "said", "failure", "told"),
    [
        ("dingtalk", 300001, "token is not exist", "login", "重新添加机器人"),
        ("dingtalk", 310000, "sign not match", "secret", "secret"),
        ("dingtalk", 310000, "keywords not in content", "rejected", "关键词"),
        ("dingtalk", 310000, "ip 1.2.3.4 not in whitelist", "login", "白名单"),
        ("dingtalk", 130101, "send too fast", "busy", "60 秒"),
        ("dingtalk", -1, "system busy", "rejected", "代码 -1"),
        ("wecom", 93000, "invalid webhook url", "login", "重新添加机器人"),
        ("wecom", 45009, "api freq out of limit", "busy", "60 秒"),
        ("feishu", 19001, "param invalid", "login", "重新添加机器人"),
        ("feishu", 19021, "sign match fail", "secret", "时钟"),
        ("feishu", 19022, "Ip Not Allowed", "login", "白名单"),
        ("feishu", 19024, "Key Words Not Found", "rejected", "关键词"),
        ("feishu", 11232, "frequency limited", "busy", "60 秒"),
    ],
)
async def test_what_a_code_means_to_an_operator(kind: str, code: int, said: str, failure: str, told: str) -> None:
    async with KITS[kind]() as made:
        made.server.code = code, said
        answer = await made.channel.send(made.consumer(), change())
        assert isinstance(answer, TryAgain)
        assert answer.failure == failure
        assert isinstance(answer.reason, Sentence)
        assert told in answer.reason.told("zh")
        assert answer.hold_s == (60 if failure == "busy" else 0)


async def test_an_answer_of_something_else_is_no_success(kit: RobotKit) -> None:
    kit.server.body_for = lambda got, status, said: b"<html>login</html>"  # type: ignore[method-assign]
    answer = await kit.channel.send(kit.consumer(), change())
    assert isinstance(answer, TryAgain)
    assert answer.failure == "protocol"
    kit.server.body_for = lambda got, status, said: json.dumps([1] * 5).encode()  # type: ignore[method-assign]
    answer = await kit.channel.send(kit.consumer(), change())
    assert isinstance(answer, TryAgain)
