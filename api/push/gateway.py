"""Gateways of SMS and voice calls: any HTTP API, as a template, with success where its answer says it."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from api.push.address import Address, parse_address, stored_url
from api.push.channel import Accepted, Answer, Consumer, Delivery, Expected, Summary, TryAgain
from api.push.http_call import QUOTED, Reply, Request
from api.push.http_channel import HttpChannel
from api.push.keys import Keys
from api.push.pointer import Pointer, pointed, word_at
from api.push.receipt import WITHIN_S, ReceiptFields
from api.push.template import ESCAPES, NAMES, check_fields, filled, in_header, in_query
from api.push.wording import WordedSettings, Wording, worded, worded_summary
from hub.access.shown_url import HIDDEN
from hub.alerts.titles import marked
from hub.words.sentence import Sentence

CONTENT_TYPES = {
    "json": "application/json; charset=utf-8",
    "form": "application/x-www-form-urlencoded; charset=utf-8",
    "text": "text/plain; charset=utf-8",
}
_SECRET_HEADER = re.compile(r"auth|cookie|key|token|secret|sign", re.IGNORECASE)
_FRAMING = {"host", "content-length", "transfer-encoding", "connection", "content-type"}
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,60}$")]
HeaderValue = Annotated[str, Field(max_length=500, pattern=r"^[\x20-\x7e]*$"), AfterValidator(check_fields)]


def _number(text: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z+._@-]{1,64}", text):
        raise ValueError(Sentence("refusal.recipient"))
    return text


Recipient = Annotated[str, AfterValidator(_number)]


class Success(BaseModel):
    """Where an answer says that the gateway has taken the message."""

    model_config = ConfigDict(extra="forbid")

    pointer: Pointer | None = None
    """A JSON pointer (RFC 6901) into the answer."""
    equals: JsonValue = None
    """What stands there, or one of several in a list."""
    contains: str | None = Field(default=None, min_length=1, max_length=200)
    """Instead: a text that the answer has in it."""

    @model_validator(mode="after")
    def _one(self) -> "Success":
        if (self.pointer is None) == (self.contains is None):
            raise ValueError(Sentence("refusal.gateway.success"))
        return self

    def met(self, body: bytes) -> bool:
        """Whether an answer says so."""
        if self.contains is not None:
            return self.contains in body.decode("utf-8", "replace")
        try:
            found = pointed(json.loads(body), self.pointer or "")
        except (ValueError, LookupError, RecursionError):
            return False
        wanted: Sequence[Any] = self.equals if isinstance(self.equals, list) else [self.equals]
        return any(found == each and isinstance(found, bool) == isinstance(each, bool) for each in wanted)


class GatewaySettings(WordedSettings):
    """Of a consumer that is told by a gateway."""

    method: Literal["POST", "PUT", "GET"] = "POST"
    headers: dict[HeaderName, HeaderValue] = Field(default={}, max_length=20)
    form: Literal["json", "form", "text"] = "json"
    """What the body is, and how values are escaped in it."""
    body: str = Field(default="", max_length=10_000)
    to: list[Recipient] = Field(default=[], max_length=200)
    """Numbers of telephones; `{to}` has them with commas between."""
    success: Success
    receipt_id: Pointer | None = None
    """Where an answer has the id that receipts name the message by."""
    receipt: ReceiptFields | None = None
    receipt_within_s: int | None = Field(default=None, ge=10, le=86_400)
    """Seconds until a message without a receipt is unproven."""

    @model_validator(mode="after")
    def _receipts_of_ids(self) -> "GatewaySettings":
        if (self.receipt_id is None) != (self.receipt is None):
            raise ValueError(Sentence("refusal.gateway.receipt"))
        return self

    @field_validator("headers")
    @classmethod
    def _no_secrets(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if name.lower() in _FRAMING:
                raise ValueError(Sentence("refusal.gateway.framing", name=name))
            if _SECRET_HEADER.search(name) and "{secret}" not in value:
                raise ValueError(Sentence("refusal.gateway.secret", name=name, field="{secret}"))
        return headers

    @model_validator(mode="after")
    def _body_can_be(self) -> "GatewaySettings":
        check_fields(self.body)
        if self.form == "json" and self.body:
            try:
                json.loads(filled(self.body, dict.fromkeys(NAMES, "x"), ESCAPES["json"]))
            except ValueError as error:
                raise ValueError(Sentence("refusal.gateway.json", error=str(error))) from error
        return self

    def titled(self, query: str) -> bool:
        """Whether a message, or its query, names the alert by its title."""
        return any(
            field in part for field in ("{title}", "{text}") for part in (self.body, query, *self.headers.values())
        )


class Gateway(HttpChannel):
    """2xx with what `success` names is accepted: by the gateway, which is not yet by the telephone."""

    def request(self, consumer: Consumer, keys: Keys, url: httpx.URL, delivery: Delivery) -> Request:
        """The template, filled."""
        settings = GatewaySettings.model_validate(consumer.settings)
        words = worded(delivery, settings.zone)
        named = {"id": delivery.id, "kind": delivery.kind, "drill": str(delivery.drill or delivery.test).lower()}
        values = {"level": delivery.picture.get("level") or "", **_values(words, delivery, settings, keys), **named}
        return _filled(consumer, keys, url, settings, values)

    def summary_request(self, consumer: Consumer, keys: Keys, url: httpx.URL, summary: Summary) -> Request:
        """The template, filled with how many alerts there are, and of which levels, kinds and places."""
        settings = GatewaySettings.model_validate(consumer.settings)
        words = worded_summary(summary, settings.zone)
        named = {"id": summary.id, "kind": "summary", "drill": str(summary.drill).lower()}
        return _filled(consumer, keys, url, settings, _values(words, summary, settings, keys) | named)

    def judged(self, reply: Reply, text: str, consumer: Consumer) -> Answer:
        """Success is what the answer says."""
        answer = super().judged(reply, text, consumer)
        settings = GatewaySettings.model_validate(consumer.settings)
        if isinstance(answer, Accepted) and not settings.success.met(reply.body):
            return TryAgain(Sentence("delivery.gateway", said=text[:QUOTED]), "rejected")
        if isinstance(answer, Accepted) and settings.receipt_id is not None:
            return Accepted(answer.said, _expected(reply.body, settings.receipt_id, settings.receipt_within_s))
        return answer


def _values(words: Wording, told: Delivery | Summary, settings: GatewaySettings, keys: Keys) -> dict[str, str]:
    """By field; where a template asks for no title, each of the facts is marked as those of a drill."""
    facts = dict(words.named)
    if told.drill and not settings.titled(keys.query or ""):
        facts = {name: marked(fact, told.lang) for name, fact in facts.items()}
    return {
        "title": words.heading,
        **facts,
        "text": " ".join(filter(None, [words.heading, facts.get("place"), facts.get("time")])),
        "link": words.link or "",
    }


def _filled(
    consumer: Consumer, keys: Keys, url: httpx.URL, settings: GatewaySettings, named: Mapping[str, str]
) -> Request:
    values = {**named, "to": ",".join(settings.to), "secret": keys.secret}
    if keys.query is not None:
        url = stored_url(consumer.url, filled(keys.query, values, in_query))
    headers = {name: filled(value, values, in_header) for name, value in settings.headers.items()}
    if settings.body:
        headers["content-type"] = CONTENT_TYPES[settings.form]
    body = filled(settings.body, values, ESCAPES[settings.form]).encode()
    return Request(url, body, headers, keys.login, settings.method)


def _expected(body: bytes, receipt_id: str, within_s: int | None) -> Expected:
    """A receipt, though of a message without an id none can come: it stays unproven."""
    try:
        message_id = word_at(json.loads(body), receipt_id)
    except (ValueError, RecursionError):
        message_id = None
    return Expected(message_id, WITHIN_S if within_s is None else within_s)


def parse_gateway(url: str) -> Address:
    """Like https://sms.example.org/send?to={to}: fields stand in its query. BadAddressError, ValueError."""
    address = parse_address(url)
    if address.query not in (None, HIDDEN):
        check_fields(address.query or "")
    return address


def check_gateway_secret(secret: str) -> None:
    """ValueError for what no header could carry."""
    if not secret.isascii() or not secret.isprintable():
        raise ValueError(Sentence("refusal.secret.gateway"))
