"""Robots of Feishu and Lark groups (飞书自定义机器人): cards, signed, 100 messages a minute and 5 a second."""

import re
from collections.abc import Mapping
from typing import Any

import httpx

from api.push.address import Address, BadAddressError, parse_address
from api.push.keys import Keys
from api.push.pace import Pace
from api.push.robot import Robot, Text, Trouble, signature
from hub.access.shown_url import HIDDEN
from hub.words.sentence import Sentence

_TROUBLES: Mapping[int, Trouble] = {
    19001: "revoked", 19005: "revoked", 19021: "sign", 19022: "blocked", 19024: "keyword", 9499: "limited",
    11232: "limited", 11233: "limited",
}  # fmt: skip
_HEADERS = {"red": "red", "orange": "orange", "yellow": "yellow", "blue": "blue", "cleared": "green"}
"""Colours of the heads of cards."""


class Feishu(Robot):
    """At most 4 messages at once and three in two seconds: within 5 a second and 100 a minute."""

    name = "feishu"
    pace = Pace(burst=4, every_s=0.66, group=60)

    def message(self, keys: Keys, url: httpx.URL, text: Text) -> tuple[httpx.URL, Mapping[str, Any]]:
        """The signature has `timestamp\\nsecret` for its key and nothing for its text; both are in the body."""
        elements: list[dict[str, Any]] = [
            {"tag": "div", "text": {"tag": "lark_md", "content": "\n".join(text.lines)}},
        ]
        if text.link:
            label = {"tag": "plain_text", "content": text.link_text}
            elements.append(
                {"tag": "action", "actions": [{"tag": "button", "text": label, "url": text.link, "type": "primary"}]}
            )
        title = {"tag": "plain_text", "content": text.heading}
        card = {"header": {"template": _HEADERS[text.colour], "title": title}, "elements": elements}
        signed: dict[str, str] = {}
        if keys.secret:
            timestamp = str(int(self._clock()))
            signed = {"timestamp": timestamp, "sign": signature(f"{timestamp}\n{keys.secret}", "")}
        return url, {**signed, "msg_type": "interactive", "card": card}

    def code_of(self, answer: Any) -> tuple[int, str]:
        """Some answers to success have StatusCode alone."""
        code = answer["code"] if "code" in answer else answer["StatusCode"]
        return int(code), str(answer.get("msg", ""))

    def trouble(self, code: int, said: str) -> Trouble | None:
        return _TROUBLES.get(code)


def parse_feishu(url: str) -> Address:
    """Its address ends with the robot's token, which is kept apart as the query of others is."""
    address = parse_address(url)
    before, _, token = address.url.rpartition("/")
    if address.query or not before.endswith("/hook") or not token:
        example = "https://open.feishu.cn/open-apis/bot/v2/hook/..."
        raise BadAddressError(Sentence("refusal.address.robot", example=example))
    return Address(f"{before}/{HIDDEN}", address.login, token)


def check_feishu_secret(secret: str) -> None:
    """ValueError for what is none; empty: the robot has no 签名校验."""
    if secret and not re.fullmatch(r"[0-9A-Za-z_-]{4,128}", secret):
        raise ValueError(Sentence("refusal.secret.feishu"))
