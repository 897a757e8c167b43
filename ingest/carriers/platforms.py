"""How each platform shows who it is, what its pushes hold, and how long it waits for an answer. Pure.

What a refusal costs differs: OneNET repeats for hours; the others drop the message, or fall silent for a while. So
OneNET is answered 503 while nothing can be committed, and the others are held for as long as they wait.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from devices.codecs.carriers import aliyun, ctwing, iotda, onenet, onenet_envelope, tencent
from devices.codecs.carriers.envelope import Sent
from devices.codecs.lorawan import pushes
from ingest.carriers.subscription import Subscription


@dataclass(slots=True, frozen=True)
class Request:
    """What a check looks at."""

    path_secret: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """By name in small letters."""
    body: bytes = b""


class NotTrustedError(Exception):
    """A push does not show that it comes from its platform"""


def _by_secret(subscription: Subscription, request: Request) -> bytes:
    """The secret stands in the path, in the query or in a header: these platforms sign nothing that is documented."""
    shown = request.path_secret or request.query.get("secret", "") or request.headers.get("x-ganzhi-secret", "")
    if not hmac.compare_digest(shown.encode("utf-8", "replace"), subscription.secret.encode()):
        raise NotTrustedError
    return request.body


def _by_chirpstack(subscription: Subscription, request: Request) -> bytes:
    """The kind of an event stands in the query, not in the body: it is put before it."""
    body = _by_secret(subscription, request)
    return request.query.get("event", "").encode("utf-8", "replace") + pushes.SEPARATOR + body


def _by_onenet(subscription: Subscription, request: Request) -> bytes:
    try:
        return onenet_envelope.opened(request.body, subscription.secret, subscription.key)
    except onenet_envelope.WrongSignatureError:
        raise NotTrustedError from None


def _by_tencent(subscription: Subscription, request: Request) -> bytes:
    _check_tencent(subscription, request.headers)
    return request.body


def _check_tencent(subscription: Subscription, headers: Mapping[str, str]) -> None:
    given = headers.get("signature", ""), headers.get("timestamp", ""), headers.get("nonce", "")
    text = "".join(sorted((subscription.secret, *given[1:])))
    right = hashlib.sha1(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
    if not (given[1] and hmac.compare_digest(given[0].lower().encode("utf-8", "replace"), right.encode())):
        raise NotTrustedError


def _echo_onenet(subscription: Subscription, request: Request) -> str:
    told = {name: request.query.get(name, "") for name in ("msg", "nonce", "signature")}
    if not onenet_envelope.is_signed(subscription.secret, told["nonce"], told["msg"].encode(), told["signature"]):
        raise NotTrustedError
    return told["msg"]


def _echo_tencent(subscription: Subscription, request: Request) -> str:
    _check_tencent(subscription, request.headers)
    return request.headers.get("echostr", "")


def _echo_by_secret(subscription: Subscription, request: Request) -> str:
    _by_secret(subscription, request)
    return ""


@dataclass(slots=True, frozen=True)
class Platform:
    """A platform."""

    name: str
    opened: Callable[[Subscription, Request], bytes]
    """The content of a push. NotTrustedError, or DecodeError where it is trusted and cannot be read."""
    messages: Callable[[bytes], list[Sent]]
    echo: Callable[[Subscription, Request], str]
    """What a check of the address (GET) is answered. NotTrustedError."""
    hold_s: float
    """How long a push is held, a second less than the platform waits; CTWing, Alibaba and Tencent name no limit."""
    repeats: bool = False
    """Whether the platform pushes again what was refused."""


PLATFORMS: Mapping[str, Platform] = {
    each.name: each
    for each in (
        Platform("ctwing", _by_secret, ctwing.messages, _echo_by_secret, 8),
        Platform("onenet", _by_onenet, onenet.messages, _echo_onenet, 4, repeats=True),
        Platform("iotda", _by_secret, iotda.messages, _echo_by_secret, 14),
        Platform("aliyun", _by_secret, aliyun.messages, _echo_by_secret, 4),
        Platform("tencent", _by_tencent, tencent.messages, _echo_tencent, 4),
        Platform("chirpstack", _by_chirpstack, pushes.of_chirpstack, _echo_by_secret, 4),
        Platform("the-things-stack", _by_secret, pushes.of_the_things_stack, _echo_by_secret, 8),
    )
}
