"""Kinds of consumers: what each wants as address, secret and settings, and the channels that serve them."""

import binascii
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from api.push.address import Address, BadAddressError, parse_address, stored_url
from api.push.channel import Channel
from api.push.dingtalk import DingTalk, check_dingtalk_secret, parse_dingtalk
from api.push.feishu import Feishu, check_feishu_secret, parse_feishu
from api.push.gateway import Gateway, GatewaySettings, check_gateway_secret, parse_gateway
from api.push.http_call import open_calls
from api.push.mail import PORTS, Mail, MailSettings, parse_mail
from api.push.probe import Probe
from api.push.signature import PREFIX
from api.push.webhook import Webhook
from api.push.wecom import WeCom, check_wecom_secret, parse_wecom
from api.push.wording import WordedSettings
from hub.access.classification import CeilingName
from hub.access.outgoing import Outgoing
from hub.access.outgoing_call import Purpose
from hub.secrets.sealed import Secrets
from hub.tls import Trust, trusting_context
from hub.words import Lang
from hub.words.sentence import Sentence

KindName = Literal["webhook", "dingtalk", "wecom", "feishu", "mail", "http", "kafka", "mqtt"]


class NoSettings(BaseModel):
    """Of a kind that has none."""

    model_config = ConfigDict(extra="forbid")


class KafkaSettings(BaseModel):
    """Of a consumer of kind kafka."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_-]{1,40}$",
        description="its topic is PREFIX.alerts.NAME; without one PREFIX.alerts, with the kafka.prefix of the hub",
    )


class MqttSettings(BaseModel):
    """Of a consumer of kind mqtt."""

    model_config = ConfigDict(extra="forbid")

    retain: bool = Field(default=False, description="whether the broker keeps the state of each alert")


class Kind(NamedTuple):
    """What a consumer of a kind is made of."""

    parse: Callable[[str], Address]
    """Its address, when it is set; BadAddressError."""
    check_secret: Callable[[str], None]
    """ValueError for a secret that can never work."""
    settings: type[BaseModel] = NoSettings
    purpose: Purpose = "webhook"
    """What the guard of outgoing calls takes it for."""
    ports: Mapping[str, int] = MappingProxyType({"http": 80, "https": 443})
    """Schemes of its addresses, with their ports."""
    signed: bool = False
    """Whether the hub makes up a secret where none is given."""
    lang: Lang | None = None
    """The language in which it is told where none is set; None: titles as the hub stores them."""
    followed: bool = False
    """Whether it keeps a position in the log of changes (api/push/follower.py) and is told over the hub's own brokers:
    it has no address, no secret and no deliveries."""
    ceiling: CeilingName = "L4"
    """Of one that is made without: the highest level of data that it gets. A robot is on the internet."""
    prove_at: tuple[str, ...] = ("09:00", "17:00")
    """When it is sent a proof that it can be reached, unless it says when; of mail and programs nobody is bothered."""
    prove_within_h: int = 24
    """Within how many hours it is to accept something, unless it says; 0: it need not."""
    beats: bool = False
    """Whether a program listens, which may get a heartbeat each minute."""


class Endpoint(NamedTuple):
    """Where a consumer is called."""

    purpose: Purpose
    host: str
    port: int


def _standard_webhooks(secret: str) -> None:
    try:
        size = len(b64decode(secret.removeprefix(PREFIX), validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if not secret.startswith(PREFIX) or not 24 <= size <= 64:
        raise ValueError(Sentence("refusal.secret.webhook"))


def _nowhere(url: str) -> Address:
    if url:
        raise BadAddressError(Sentence("refusal.address.followed"))
    return Address("", None)


def _no_secret(secret: str) -> None:
    raise ValueError(Sentence("refusal.secret.followed"))


def _none(secret: str) -> None:
    if secret:
        raise ValueError(Sentence("refusal.secret.mail"))


KINDS: Mapping[KindName, Kind] = {
    "webhook": Kind(parse_address, _standard_webhooks, signed=True, beats=True),
    "dingtalk": Kind(parse_dingtalk, check_dingtalk_secret, WordedSettings, lang="zh", ceiling="L1"),
    "wecom": Kind(parse_wecom, check_wecom_secret, WordedSettings, lang="zh", ceiling="L1"),
    "feishu": Kind(parse_feishu, check_feishu_secret, WordedSettings, lang="zh", ceiling="L1"),
    "kafka": Kind(_nowhere, _no_secret, KafkaSettings, followed=True, beats=True),
    "mqtt": Kind(_nowhere, _no_secret, MqttSettings, followed=True, beats=True),
    # A message may cost money, and wakes somebody: it proves itself where it is told when.
    "http": Kind(parse_gateway, check_gateway_secret, GatewaySettings, lang="zh", prove_at=(), prove_within_h=0),
    "mail": Kind(parse_mail, _none, MailSettings, "mail", PORTS, lang="zh"),
}


def checked_settings(kind: KindName, given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as they are stored. pydantic.ValidationError names each wrong field."""
    return KINDS[kind].settings.model_validate(given).model_dump(mode="json", exclude_none=True)


def endpoint(kind: str, url: str) -> Endpoint:
    """Where a stored address leads. BadAddressError for one that cannot be called."""
    known = {str(name): each for name, each in KINDS.items()}.get(kind, KINDS["webhook"])
    called = stored_url(url, schemes=known.ports)
    return Endpoint(known.purpose, called.host, called.port or known.ports[called.scheme])


def usual_proofs(kind: str) -> tuple[str, ...]:
    """When a consumer of a kind is sent a proof that it can be reached, unless it says when."""
    return next((each.prove_at for name, each in KINDS.items() if name == kind), ())


@asynccontextmanager
async def open_channels(outgoing: Outgoing, secrets: Secrets, tls: Trust) -> AsyncIterator[Mapping[str, Channel]]:
    """A channel of each kind that has deliveries. ConfigError for files of `tls`."""
    async with open_calls(outgoing, tls) as calls:
        yield {
            "webhook": Webhook(calls, secrets),
            "dingtalk": DingTalk(calls, secrets),
            "wecom": WeCom(calls, secrets),
            "feishu": Feishu(calls, secrets),
            "http": Gateway(calls, secrets),
            "probe": Probe(),
            "mail": Mail(outgoing, secrets, trusting_context(tls, "outgoing.tls", ssl.create_default_context())),
        }
