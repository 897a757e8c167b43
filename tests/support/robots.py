"""Servers of group robots, which answer as their documentation says: 200, with a code inside."""

import base64
import hmac
import json
import time
from abc import ABC, abstractmethod
from collections import defaultdict, deque
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.webhooks import Received, Receiver


class RobotServer(Receiver, ABC):
    """Keeps what it accepted; `code` makes it answer with that code."""

    per_minute, minute_s = 20, 60.0
    token = "robot-token-"
    """Followed by a number, of the robots that there are."""
    secret = ""

    def __init__(self) -> None:
        super().__init__()
        self.code: tuple[int, str] | None = None
        self.taken: list[tuple[str, dict[str, Any]]] = []
        """(token, message) of what came up in a group."""
        self._times: dict[str, deque[float]] = defaultdict(deque)

    def body_for(self, got: Received, status: int, said: bytes) -> bytes:
        if self.echo:
            return said
        token, message = self.token_of(got), json.loads(got.body)
        found = self.code or self.judge(got, token, message)
        if found is None:
            self.taken.append((token, message))
        return json.dumps(self.answer_of(*(found or self.accepted))).encode()

    def limited(self, token: str) -> bool:
        times = self._times[token]
        now = time.monotonic()
        while times and times[0] < now - self.minute_s:
            times.popleft()
        times.append(now)
        return len(times) > self.per_minute

    accepted: tuple[int, str] = (0, "ok")

    @abstractmethod
    def address(self, number: int) -> str:
        """The address of a robot as its page shows it."""

    @abstractmethod
    def token_of(self, got: Received) -> str:
        """Of the robot that was called."""

    @abstractmethod
    def judge(self, got: Received, token: str, message: dict[str, Any]) -> tuple[int, str] | None:
        """Code and text of a refusal."""

    def answer_of(self, code: int, text: str) -> dict[str, Any]:
        return {"errcode": code, "errmsg": text}


class DingTalkServer(RobotServer):
    secret = "SEC0123456789abcdef"

    def address(self, number: int) -> str:
        return self.url(f"/robot/send?access_token={self.token}{number}")

    def token_of(self, got: Received) -> str:
        return parse_qs(urlsplit(got.path).query)["access_token"][0]

    def judge(self, got: Received, token: str, message: dict[str, Any]) -> tuple[int, str] | None:
        if not token.startswith(self.token):
            return 300001, "token is not exist"
        asked = parse_qs(urlsplit(got.path).query)
        timestamp = asked.get("timestamp", ["0"])[0]
        if abs(time.time() - int(timestamp) / 1000) > 3600:
            return 310000, "invalid timestamp"
        digest = hmac.new(self.secret.encode(), f"{timestamp}\n{self.secret}".encode(), sha256).digest()
        if asked["sign"] != [base64.b64encode(digest).decode()]:
            return 310000, "sign not match"
        if message["msgtype"] != "markdown" or not {"title", "text"} <= message["markdown"].keys():
            return 400105, "unsupported msgtype"
        return (130101, "send too fast, exceed 20 times per minute") if self.limited(token) else None


class WeComServer(RobotServer):
    def address(self, number: int) -> str:
        return self.url(f"/cgi-bin/webhook/send?key={self.token}{number}")

    def token_of(self, got: Received) -> str:
        return parse_qs(urlsplit(got.path).query)["key"][0]

    def judge(self, got: Received, token: str, message: dict[str, Any]) -> tuple[int, str] | None:
        if not token.startswith(self.token):
            return 93000, "invalid webhook url, hint: [1]"
        if message["msgtype"] != "markdown":
            return 40008, "invalid message type"
        if len(message["markdown"]["content"].encode()) > 4096:
            return 40058, "markdown.content exceed max length 4096"
        return (45009, "api freq out of limit") if self.limited(token) else None


class FeishuServer(RobotServer):
    per_minute = 100
    secret = "feishuSecret0123"
    accepted = (0, "success")

    def address(self, number: int) -> str:
        return self.url(f"/open-apis/bot/v2/hook/{self.token}{number}")

    def token_of(self, got: Received) -> str:
        return got.path.rpartition("/")[2]

    def judge(self, got: Received, token: str, message: dict[str, Any]) -> tuple[int, str] | None:
        if not token.startswith(self.token):
            return 19001, "param invalid: incoming webhook access token invalid"
        timestamp = message.get("timestamp", "0")
        key = f"{timestamp}\n{self.secret}".encode()
        signed = base64.b64encode(hmac.new(key, b"", sha256).digest()).decode()
        if abs(time.time() - int(timestamp)) > 3600 or message.get("sign") != signed:
            return 19021, "sign match fail or timestamp is not within one hour from current time"
        if message["msg_type"] != "interactive":
            return 19002, "params error, msg_type need"
        return (11232, "frequency limited psm[lark.oapi.app_platform_runtime]") if self.limited(token) else None

    def answer_of(self, code: int, text: str) -> dict[str, Any]:
        return {"code": code, "msg": text, "data": {}}
