"""Services outside the country are known by their domains, and let pass where the settings name them with a reason."""

from pathlib import Path

import pytest

from hub.access.outgoing import Outgoing
from hub.access.outgoing_call import OutgoingRefused
from hub.access.outside import is_outside
from hub.errors import ConfigError
from hub.limit_settings import Outgoing as Listed
from hub.limit_settings import Outside
from hub.settings import Settings, load_settings


@pytest.mark.parametrize(
    ("host", "outside"),
    [
        ("hooks.slack.com", True),
        ("HOOKS.Slack.com.", True),
        ("x.execute-api.eu-west-1.amazonaws.com", True),
        ("x.amazonaws.com.cn", False),
        ("qyapi.weixin.qq.com", False),
        ("notslack.com", False),
        ("slack.com.desk.example.org", False),
        ("10.0.0.7", False),
    ],
)
def test_a_known_service_outside(host: str, outside: bool) -> None:
    assert is_outside(host, ()) == outside
    small = host.lower().rstrip(".")
    assert not is_outside(host, {small})
    assert not is_outside(host, {small.partition(".")[2]}), "named with all below it"
    assert is_outside(host, {"x." + small}) == outside


async def test_the_guard_calls_it_only_when_it_is_named() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["93.184.216.34"]

    with pytest.raises(OutgoingRefused, match="reason ="):
        await Outgoing(Settings(), resolve).addresses("webhook", "hooks.slack.com", 443)
    named = Listed(outside=(Outside(host="Slack.com", reason="a drill with a partner city"),))
    guard = Outgoing(Settings(outgoing=named), resolve)
    assert await guard.addresses("webhook", "hooks.slack.com", 443) == ["93.184.216.34"]


def test_each_name_has_a_reason(tmp_path: Path) -> None:
    file = tmp_path / "hub.toml"
    file.write_text('[outgoing]\noutside = [{host = "hooks.slack.com", reason = "drill with a partner city"}]\n')
    assert [each.host for each in load_settings(file).outgoing.outside] == ["hooks.slack.com"]
    file.write_text('[outgoing]\noutside = [{host = "hooks.slack.com"}]\n')
    with pytest.raises(ConfigError, match="reason"):
        load_settings(file)
