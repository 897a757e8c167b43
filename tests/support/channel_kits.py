"""Channels with a peer at the other end that does as it is told: one kit for each kind of consumer."""

import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Literal, Protocol

from api.push.address import Address
from api.push.channel import Channel, Consumer
from api.push.dingtalk import DingTalk, parse_dingtalk
from api.push.feishu import Feishu, parse_feishu
from api.push.gateway import Gateway
from api.push.http_call import open_calls
from api.push.http_channel import HttpChannel
from api.push.mail import Mail
from api.push.robot import Robot
from api.push.wecom import WeCom, parse_wecom
from hub.access.outgoing import Outgoing
from hub.limit_settings import Outgoing as Listed
from hub.settings import Settings
from tests.support.certificates import Authority
from tests.support.mail_server import PASSWORD, MailServer
from tests.support.robots import DingTalkServer, FeishuServer, RobotServer, WeComServer
from tests.support.webhooks import LOCAL, PLAIN, Receiver, open_webhook

Mode = Literal["accept", "refuse", "refuse inside", "silent", "failing", "endless", "redirect", "cut", "echo"]
BAD_URLS = (
    "", "desk", "ftp://127.0.0.1/x", "file:///etc/passwd", "http://", "http://[::", "http://127.0.0.1:x/",
    "http://127.0.0.1:0/", "http://127.0.0.1:65536/", "http://127.0.0.1:99999/", "http://0.0.0.0/",
)  # fmt: skip


class Kit(Protocol):
    """A channel with its peer."""

    @property
    def channel(self) -> Channel: ...

    names_each: bool
    """Whether a summary names each alert; a short message only counts them."""

    def consumer(self, number: int = 1) -> Consumer:
        """A consumer that the peer serves."""

    def unusable(self) -> list[Consumer]:
        """Consumers whose address can never work."""

    def unsigned(self) -> Consumer:
        """A consumer whose secret the peer, or the channel, does not take."""

    def texts(self, number: int = 1) -> list[str]:
        """What the peer was sent for a consumer, as a person reads it; repeats included."""

    def secrets(self) -> list[str]:
        """What no answer may show."""

    def behave(self, mode: Mode) -> None:
        """From now on the peer accepts, says nothing, ..."""

    def sent_bytes(self) -> int:
        """How much of endless answers the peer could send."""

    async def go(self) -> None:
        """The peer cannot be reached any more."""

    async def come_back(self) -> None: ...


class HttpKit:
    """What kits of channels over HTTP have in common."""

    names_each = True

    def __init__(self, channel: HttpChannel, receiver: Receiver) -> None:
        self.channel, self.receiver = channel, receiver

    def bodies(self, number: int = 1) -> list[bytes]:
        return [got.body for got in self.receiver.received if got.path.partition("?")[0] == f"/{number}"]

    def texts(self, number: int = 1) -> list[str]:
        return [json.dumps(json.loads(body), ensure_ascii=False) for body in self.bodies(number)]

    def behave(self, mode: Mode) -> None:
        status = {"refuse": 503, "silent": None, "failing": 500, "redirect": 302}.get(mode, 200)
        self.receiver.answer = lambda got: status
        self.receiver.extra = "location: http://127.0.0.1:1/\r\n" if mode == "redirect" else ""
        self.receiver.endless, self.receiver.cut = mode == "endless", mode == "cut"
        self.receiver.echo = mode == "echo"

    def sent_bytes(self) -> int:
        return self.receiver.sent

    async def go(self) -> None:
        await self.receiver.stop()

    async def come_back(self) -> None:
        await self.receiver.start()


class WebhookKit(HttpKit):
    """Signed, with a login and a token in the query where a test wants them."""

    def consumer(self, number: int = 1) -> Consumer:
        return Consumer(number, f"desk-{number}", self.receiver.url(f"/{number}"), "whsec_c2VjcmV0")

    def unusable(self) -> list[Consumer]:
        return [Consumer(1, "desk", url, "whsec_c2VjcmV0") for url in BAD_URLS]

    def unsigned(self) -> Consumer:
        return Consumer(1, "desk", self.receiver.url(), "whsec_?")

    def secrets(self) -> list[str]:
        return ["c2VjcmV0"]


@asynccontextmanager
async def webhook_kit() -> AsyncIterator[WebhookKit]:
    async with Receiver() as receiver, open_webhook(LOCAL, PLAIN, timeout_s=1.5) as channel:
        yield WebhookKit(channel, receiver)


class RobotKit(HttpKit):
    """A robot whose server judges as its documentation says."""

    def __init__(self, channel: Robot, server: RobotServer, parse: Callable[[str], Address]) -> None:
        super().__init__(channel, server)
        self.server, self.parse = server, parse

    def consumer(self, number: int = 1) -> Consumer:
        return self.of(self.server.address(number), number)

    def of(self, url: str, number: int = 1, secret: str | None = None) -> Consumer:
        address = self.parse(url)
        kept = self.server.secret if secret is None else secret
        return Consumer(number, f"robot-{number}", address.url, kept, None, address.query)

    def unusable(self) -> list[Consumer]:
        return [Consumer(1, "robot", url, self.server.secret, None, "a") for url in BAD_URLS]

    def unsigned(self) -> Consumer:
        if not self.server.secret:
            return self.of(self.server.address(1).replace(self.server.token, "unknown-"))
        return self.of(self.server.address(1), secret="SECwrongwrong")

    def texts(self, number: int = 1) -> list[str]:
        token = f"{self.server.token}{number}"
        got = [each for each in self.server.received if self.server.token_of(each) == token]
        return [json.dumps(json.loads(each.body), ensure_ascii=False) for each in got]

    def behave(self, mode: Mode) -> None:
        super().behave(mode)
        self.server.code = (-1, "system busy") if mode == "refuse inside" else None

    def secrets(self) -> list[str]:
        return [each for each in (self.server.secret, self.server.token) if each]


def robot_kit(
    channel: type[Robot], server: type[RobotServer], parse: Callable[[str], Address]
) -> Callable[[], AbstractAsyncContextManager[RobotKit]]:
    @asynccontextmanager
    async def made() -> AsyncIterator[RobotKit]:
        async with server() as peer, open_calls(LOCAL, timeout_s=1.5) as calls:
            yield RobotKit(channel(calls, PLAIN), peer, parse)

    return made


dingtalk_kit = robot_kit(DingTalk, DingTalkServer, parse_dingtalk)
wecom_kit = robot_kit(WeCom, WeComServer, parse_wecom)
feishu_kit = robot_kit(Feishu, FeishuServer, parse_feishu)


class GatewayKit(HttpKit):
    """An SMS gateway that answers 200 with a code inside."""

    names_each = False
    KEY = "gateway-key-1"
    SETTINGS: ClassVar[dict[str, Any]] = {
        "headers": {"Authorization": "APPCODE {secret}"},
        "body": '{"mobile": "{to}", "content": "{title} {place}", "id": "{id}"}',
        "to": ["13800000000"],
        "success": {"pointer": "/code", "equals": [0, "OK"]},
    }

    def consumer(self, number: int = 1) -> Consumer:
        return Consumer(number, f"sms-{number}", self.receiver.url(f"/{number}"), self.KEY, settings=self.SETTINGS)

    def unusable(self) -> list[Consumer]:
        return [replace(self.consumer(), url=url) for url in BAD_URLS]

    def unsigned(self) -> Consumer:
        self.receiver.answer = lambda got: 401
        return replace(self.consumer(), secret="another")

    def secrets(self) -> list[str]:
        return [self.KEY]

    def behave(self, mode: Mode) -> None:
        super().behave(mode)
        self.receiver.said = b'{"code": 1001, "msg": "no balance"}' if mode == "refuse inside" else b'{"code": 0}'


@asynccontextmanager
async def gateway_kit() -> AsyncIterator[GatewayKit]:
    async with Receiver() as receiver, open_calls(LOCAL, timeout_s=1.5) as calls:
        receiver.said = b'{"code": 0}'
        yield GatewayKit(Gateway(calls, PLAIN), receiver)


class MailKit:
    """A mail server with STARTTLS and a login."""

    names_each = True

    def __init__(self, channel: Mail, server: MailServer) -> None:
        self.channel, self.server = channel, server

    def consumer(self, number: int = 1) -> Consumer:
        return self.of([f"desk-{number}@example.org"], number)

    def of(self, to: list[str], number: int = 1, login: str | None = f"hub:{PASSWORD}") -> Consumer:
        settings = {"sender": "hub@city.example.org", "to": to, "zone": "Asia/Shanghai"}
        return Consumer(number, f"mail-{number}", self.server.url, "", login, None, settings)

    def unusable(self) -> list[Consumer]:
        return [replace(self.consumer(), url=url) for url in (*BAD_URLS, "smtp://", "smtp://127.0.0.1:0")]

    def unsigned(self) -> Consumer:
        return self.of(["desk-1@example.org"], login="hub:another")

    def texts(self, number: int = 1) -> list[str]:
        got = [each for each in self.server.got if f"desk-{number}@example.org" in each.recipients]
        return [f"{each.message['subject']}\n{each.plain}" for each in got]

    def secrets(self) -> list[str]:
        return [PASSWORD]

    def behave(self, mode: Mode) -> None:
        self.server.mode = mode

    def sent_bytes(self) -> int:
        return self.server.sent

    async def go(self) -> None:
        await self.server.stop()

    async def come_back(self) -> None:
        await self.server.start()


def local_mail(trusted: ssl.SSLContext) -> Mail:
    """A channel to mail servers of this machine."""
    return Mail(Outgoing(Settings(outgoing=Listed(mail=("127.0.0.0/8",)))), PLAIN, trusted, 8.0)


@asynccontextmanager
async def mail_kit() -> AsyncIterator[MailKit]:
    with TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        trusted = ssl.create_default_context(cafile=str(authority.file))
        async with MailServer(authority.pair("mail")) as server:
            yield MailKit(local_mail(trusted), server)


KITS: dict[str, Callable[[], AbstractAsyncContextManager[Kit]]] = {
    "webhook": webhook_kit,
    "dingtalk": dingtalk_kit,
    "wecom": wecom_kit,
    "feishu": feishu_kit,
    "http": gateway_kit,
    "mail": mail_kit,
}
ANSWERS_INSIDE = ("dingtalk", "wecom", "feishu", "http")
"""Kinds whose peers answer 200 with an error inside."""
