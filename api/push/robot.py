"""What robots of group chats have in common: HTTP 200 with a code inside, a limit a minute, markup and signatures."""

import base64
import hmac
import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, ClassVar, Literal, NamedTuple

import httpx

from api.push.channel import Answer, Consumer, Delivery, Failure, Summary, TryAgain
from api.push.http_call import QUOTED, Reply, Request
from api.push.http_channel import HttpChannel
from api.push.keys import Keys
from api.push.pace import Pace
from api.push.wording import Wording, summary_lines, worded, worded_summary
from hub.words.sentence import Sentence

GUIDANCE_MAX = 150
"""Characters of each text of guidance: with four of them, in Chinese, a message stays below the 4096 bytes of WeCom."""

Trouble = Literal["revoked", "sign", "blocked", "keyword", "limited"]
FAILURES: Mapping[Trouble, Failure] = {
    "revoked": "login", "sign": "secret", "blocked": "login", "keyword": "rejected", "limited": "busy",
}  # fmt: skip


class Text(NamedTuple):
    """A message in markdown."""

    heading: str
    colour: str
    """A key of COLOURS."""
    lines: Sequence[str]
    link: str | None
    link_text: str


class Robot(HttpChannel):
    """A kind says how its messages and signatures look, and what its codes mean."""

    name: ClassVar[str]
    """In `robot.NAME` of the catalogue."""
    pace: Pace
    hold_s: ClassVar[float] = 60.0
    """How long nothing is sent after it has said that it had too much."""

    def request(self, consumer: Consumer, keys: Keys, url: httpx.URL, delivery: Delivery) -> Request:
        """One change as a message of its own."""
        return self._made(keys, url, self.single(worded(delivery, _zone(consumer))))

    def summary_request(self, consumer: Consumer, keys: Keys, url: httpx.URL, summary: Summary) -> Request:
        """The first alerts by name, as many as a message takes, and how many more there are."""
        zone = _zone(consumer)
        words = worded_summary(summary, zone)
        lines = [f"- {self.coloured(colour, line)}" for colour, line in summary_lines(summary, zone, self.pace.group)]
        return self._made(keys, url, Text(words.heading, words.colour, lines, words.link, words.link_text))

    def single(self, words: Wording) -> Text:
        """A message of one alert."""
        lines = [f"**{label}** {self.coloured(words.colour, fact) if not at else fact}"
                 for at, (label, fact) in enumerate(words.facts)]  # fmt: skip
        lines += [
            f"**{label}** {said[:GUIDANCE_MAX]}{'…' * (len(said) > GUIDANCE_MAX)}" for label, said in words.guidance
        ]
        return Text(words.heading, words.colour, lines, words.link, words.link_text)

    def _made(self, keys: Keys, url: httpx.URL, text: Text) -> Request:
        called, body = self.message(keys, url, text)
        headers = {"content-type": "application/json; charset=utf-8"}
        return Request(called, json.dumps(body, ensure_ascii=False).encode(), headers)

    def judged(self, reply: Reply, text: str, consumer: Consumer) -> Answer:
        """Success is the code in the body of a 2xx; a code tells more than another status."""
        robot, quoted = Sentence(f"robot.{self.name}"), text[:QUOTED]
        try:
            code, said = self.code_of(json.loads(reply.body))
        except (ValueError, KeyError, TypeError, RecursionError):
            if not reply.success:
                return super().judged(reply, text, consumer)
            return TryAgain(Sentence("robot.unreadable", robot=robot, said=quoted), "protocol")
        if code == 0:
            return super().judged(reply, text, consumer)
        told = {"robot": robot, "code": str(code)[:20], "said": quoted}
        trouble = self.trouble(code, said)
        if trouble is None:
            return TryAgain(Sentence("robot.code", **told), "rejected")
        hold_s = self.hold_s if trouble == "limited" else 0.0
        values = told | ({"seconds": f"{hold_s:.0f}"} if hold_s else {})
        return TryAgain(Sentence(f"robot.{trouble}", **values), FAILURES[trouble], hold_s)

    def coloured(self, colour: str, text: str) -> str:
        """A text in the colour of a level, where the kind can show one."""
        return text

    @abstractmethod
    def message(self, keys: Keys, url: httpx.URL, text: Text) -> tuple[httpx.URL, Mapping[str, Any]]:
        """Where to, and what to post; signed where the consumer has a secret."""

    @abstractmethod
    def code_of(self, answer: Any) -> tuple[int, str]:
        """The code of an answer and its text. KeyError or TypeError for what is not the robot's."""

    @abstractmethod
    def trouble(self, code: int, said: str) -> Trouble | None:
        """What a code means for the operator; None: no more than that it was not accepted."""


def signature(key: str, text: str) -> str:
    """HMAC-SHA256 in base64."""
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), sha256)).decode()


def _zone(consumer: Consumer) -> str:
    return str(consumer.settings.get("zone", "Asia/Shanghai"))
