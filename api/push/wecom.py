"""Robots of WeCom groups (企业微信群机器人): markdown, a key in the address, 20 messages a minute."""

from collections.abc import Mapping
from typing import Any

import httpx

from api.push.address import Address, BadAddressError, parse_address
from api.push.keys import Keys
from api.push.pace import Pace
from api.push.robot import Robot, Text, Trouble
from hub.access.shown_url import HIDDEN
from hub.words.sentence import Sentence

_TROUBLES: Mapping[int, Trouble] = {
    93000: "revoked", 93004: "revoked", 93008: "revoked", 40014: "revoked", 301019: "blocked", 60020: "blocked",
    45009: "limited", 45033: "limited",
}  # fmt: skip
_NAMED = {"red": "warning", "orange": "warning", "yellow": "warning", "blue": "comment", "cleared": "info"}
"""The three colours that it knows."""


class WeCom(Robot):
    """Its messages hold 4096 bytes: a summary of 13 alerts of 60 characters fits."""

    name = "wecom"
    pace = Pace(burst=10, every_s=6.0, group=13)

    def message(self, keys: Keys, url: httpx.URL, text: Text) -> tuple[httpx.URL, Mapping[str, Any]]:
        link = [f"[{text.link_text}]({text.link})"] if text.link else []
        body = "\n".join([f"### {self.coloured(text.colour, text.heading)}", *text.lines, *link])
        return url, {"msgtype": "markdown", "markdown": {"content": body}}

    def coloured(self, colour: str, text: str) -> str:
        return f'<font color="{_NAMED[colour]}">{text}</font>'

    def code_of(self, answer: Any) -> tuple[int, str]:
        return int(answer["errcode"]), str(answer.get("errmsg", ""))

    def trouble(self, code: int, said: str) -> Trouble | None:
        return _TROUBLES.get(code)


def parse_wecom(url: str) -> Address:
    """Its address has the robot's key in the query."""
    address = parse_address(url)
    if not (address.query or "").startswith(("key=", HIDDEN)):
        example = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=..."
        raise BadAddressError(Sentence("refusal.address.robot", example=example))
    return address


def check_wecom_secret(secret: str) -> None:
    """ValueError: it has none."""
    if secret:
        raise ValueError(Sentence("refusal.secret.none"))
