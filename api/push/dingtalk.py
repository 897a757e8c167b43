"""Robots of DingTalk groups (钉钉自定义机器人): markdown, signed with 加签, 20 messages a minute."""

import re
from collections.abc import Mapping
from typing import Any

import httpx

from api.push.address import Address, BadAddressError, parse_address
from api.push.keys import Keys
from api.push.pace import Pace
from api.push.robot import Robot, Text, Trouble, signature
from api.push.wording import COLOURS
from hub.access.shown_url import HIDDEN
from hub.words.sentence import Sentence

_TROUBLES: Mapping[int, Trouble] = {
    300001: "revoked", 400101: "revoked", 400102: "revoked", 400106: "revoked", 400013: "revoked",
    130101: "limited", 410100: "limited",
}  # fmt: skip


class DingTalk(Robot):
    """At most 10 messages at once and one each 6 s: never more than 20 in any minute, which it punishes for ten."""

    name = "dingtalk"
    pace = Pace(burst=10, every_s=6.0, group=60)

    def message(self, keys: Keys, url: httpx.URL, text: Text) -> tuple[httpx.URL, Mapping[str, Any]]:
        """The signature is over `timestamp\\nsecret`, in the query."""
        if keys.secret:
            timestamp = str(int(self._clock() * 1000))
            signed = signature(keys.secret, f"{timestamp}\n{keys.secret}")
            url = url.copy_merge_params({"timestamp": timestamp, "sign": signed})
        link = [f"[{text.link_text}]({text.link})"] if text.link else []
        body = "\n\n".join([f"### {self.coloured(text.colour, text.heading)}", *text.lines, *link])
        return url, {"msgtype": "markdown", "markdown": {"title": text.heading, "text": body}}

    def coloured(self, colour: str, text: str) -> str:
        return f'<font color="{COLOURS[colour]}">{text}</font>'

    def code_of(self, answer: Any) -> tuple[int, str]:
        return int(answer["errcode"]), str(answer.get("errmsg", ""))

    def trouble(self, code: int, said: str) -> Trouble | None:
        """310000 is any of its safety settings; its text says which."""
        if code == 310000:
            if "keyword" in said:
                return "keyword"
            return "blocked" if "whitelist" in said or re.search(r"\bip\b", said) else "sign"
        return _TROUBLES.get(code)


def parse_dingtalk(url: str) -> Address:
    """Its address has the robot's token in the query."""
    address = parse_address(url)
    if not (address.query or "").startswith(("access_token=", HIDDEN)):
        example = "https://oapi.dingtalk.com/robot/send?access_token=..."
        raise BadAddressError(Sentence("refusal.address.robot", example=example))
    return address


def check_dingtalk_secret(secret: str) -> None:
    """ValueError for what is none; empty: the robot has no 加签."""
    if secret and not re.fullmatch(r"SEC[0-9A-Za-z]{8,128}", secret):
        raise ValueError(Sentence("refusal.secret.dingtalk"))
