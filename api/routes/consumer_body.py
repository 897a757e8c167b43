"""A consumer as it is given and shown."""

from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from api.contract_types import Code, LevelName, Name, Once, RegionPrefix
from api.push.address import BadAddressError
from api.push.kinds import KINDS, KindName, checked_settings
from api.routes.consumer_cases import CasesBody
from api.routes.consumer_filters import FilterBody, Filters
from api.routes.consumer_grouping import GroupingBody
from api.routes.consumer_quiet import QuietBody, QuietHours
from hub.access.classification import CeilingName
from hub.alerts.routing import MOST_FILTERS
from hub.words import Lang

LocalTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
_SINGLE = {"min_level", "region", "organisation", "category", "area"}
_EXAMPLE: dict[str, JsonValue] = {
    "url": "https://desk.example.org/alerts",
    "min_level": "yellow",
    "region": "3301",
}


class ConsumerBody(BaseModel):
    """A consumer in a PUT request."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    kind: KindName = Field(default="webhook", description="by which channel it is told (docs/CHANNELS.md)")
    url: str = Field(
        default="",
        max_length=2000,
        validate_default=True,
        description="of a webhook: http or https; POST. Of kafka and mqtt: none",
    )
    settings: dict[str, JsonValue] = Field(
        default={},
        validate_default=True,
        max_length=50,
        description="of its kind (docs/CHANNELS.md); nothing secret, for they are shown",
    )
    username: str | None = Field(
        default=None, max_length=200, pattern=r"^[^:\x00-\x1f\x7f]+$", description="of HTTP Basic, or in the url"
    )
    password: SecretStr | None = Field(
        default=None,
        max_length=500,
        description="kept apart and never returned; left out, a known one is kept while username and host stay",
    )
    secret: SecretStr | None = Field(
        default=None,
        max_length=500,
        description="of a webhook: whsec_ and base64 of 24 to 64 bytes; made up, and told once, when left out",
    )
    min_level: LevelName = "blue"
    region: RegionPrefix | None = Field(default=None, description="only alerts from below this division code")
    organisation: Code | None = Field(default=None, description="only of devices of this organisation; made when new")
    category: Name | None = Field(default=None, description="only of devices whose profile has this category")
    area: Code | None = Field(default=None, description="only of devices in this named area, while it is valid")
    filters: Filters | None = Field(
        default=None,
        description=f"instead of the five above: up to {MOST_FILTERS}, of which any is enough; [] takes nothing. Left "
        "out, the five are its one filter",
    )
    owner: Code | None = Field(
        default=None,
        description="the organisation that it belongs to: it gets only what that may see. null: of the whole hub",
    )
    fallback: bool | None = Field(
        default=None,
        description="it gets the red alerts that nobody else gets, or accepts within 30 s; one does, and another that "
        "is given true takes over. It cannot be deleted or switched off. Left out, it stays as it is",
    )
    lang: Lang | None = Field(
        default=None,
        description="of the titles that it gets; left out, alerts.lang of the settings, else that of its kind. null in "
        "an answer: as the hub stores them, in English",
    )
    ceiling: CeilingName | None = Field(
        default=None,
        description="the highest level of data that it gets (docs/PRIVACY.md); left out, a known one keeps its own, "
        "and a new one gets L4, all that is general, or L1 when it is, or becomes, a dingtalk, wecom or feishu",
    )
    quiet: QuietHours = Field(
        default=[],
        description="quiet hours: what begins, or changes its level, within them is kept back, and what still lasts is "
        "told when they end; red is told at any time",
    )
    heartbeat_s: int | None = Field(
        default=None,
        ge=30,
        le=86_400,
        description="of a webhook, kafka and mqtt: how often it gets a ganzhi.heartbeat; null: never",
    )
    prove_within_h: int | None = Field(
        default=None,
        ge=0,
        le=8760,
        description="the hub alarms when it has accepted nothing for so many hours; 0: never. null: 24, and never for "
        "a gateway (http)",
    )
    prove_at: Annotated[list[LocalTime], Once] | None = Field(
        default=None,
        max_length=24,
        description="at which local times it gets a proof that it can be reached; [] at none. null: 09:00 and 17:00, "
        "and at none for a gateway (http)",
    )
    grouping: GroupingBody | None = Field(
        default=None,
        description="of storms: beyond some changes within a time it is told of further ones in summaries; what "
        "becomes red is always told singly, at once. null: all is told singly",
    )
    warnings: bool = Field(
        default=False,
        description="whether it also gets official warnings (docs/WARNINGS.md) that concern the regions and areas of "
        "its filters, from their level on; not of kafka and mqtt",
    )
    cases: CasesBody | None = Field(
        default=None,
        description="of which changes of cases a webhook is told, as ganzhi.case.* (docs/CASES.md); null: none",
    )
    enabled: bool = True

    @field_validator("url")
    @classmethod
    def _callable(cls, url: str, info: ValidationInfo) -> str:
        if kind := info.data.get("kind"):
            try:
                KINDS[kind].parse(url)
            except BadAddressError as error:
                raise ValueError(error.sentence) from error
        return url

    @field_validator("settings")
    @classmethod
    def _of_its_kind(cls, settings: dict[str, JsonValue], info: ValidationInfo) -> dict[str, JsonValue]:
        return checked_settings(kind, settings) if (kind := info.data.get("kind")) else settings

    @field_validator("secret")
    @classmethod
    def _usable(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if secret is not None and (kind := info.data.get("kind")):
            KINDS[kind].check_secret(secret.get_secret_value())
        return secret

    @model_validator(mode="after")
    def _one_login(self) -> "ConsumerBody":
        if self.username is None and self.password is not None:
            raise ValueError("a password needs a username")
        if self.username is not None and KINDS[self.kind].parse(self.url).login is not None:
            raise ValueError("the url has a login in it: give username and password there or here, not both")
        return self

    @model_validator(mode="after")
    def _filters_once(self) -> "ConsumerBody":
        if self.filters is not None and (both := sorted(_SINGLE & self.model_fields_set)):
            raise ValueError(f"give {both[0]} in filters, or no filters: not both")
        return self

    @model_validator(mode="after")
    def _warnings_are_sent(self) -> "ConsumerBody":
        if self.warnings and KINDS[self.kind].followed:
            raise ValueError("kafka and mqtt follow the log of alerts, warnings do not: make a webhook for them")
        return self

    @model_validator(mode="after")
    def _cases_to_programs(self) -> "ConsumerBody":
        if self.cases is not None and self.kind != "webhook":
            raise ValueError("changes of cases go to webhooks alone, as CloudEvents: make one for them")
        return self

    @model_validator(mode="after")
    def _heartbeat_to_programs(self) -> "ConsumerBody":
        if self.heartbeat_s is not None and not KINDS[self.kind].beats:
            raise ValueError("people read this kind: give prove_at instead of heartbeat_s")
        return self

    def proving(self) -> int:
        """Within how many hours it is to accept something; 0: it need not."""
        return KINDS[self.kind].prove_within_h if self.prove_within_h is None else self.prove_within_h

    def subscribed(self) -> list[FilterBody]:
        """What it subscribes to."""
        if self.filters is not None:
            return self.filters
        return [FilterBody(**self.model_dump(include=_SINGLE))]

    def login(self) -> str | None:
        """`user:password` or only `user`, percent-encoded."""
        if self.username is None:
            return KINDS[self.kind].parse(self.url).login
        return quote(self.username, safe="") + (
            "" if self.password is None else ":" + quote(self.password.get_secret_value(), safe="")
        )


class Consumer(BaseModel):
    """A stored consumer with delivery status; its secret is never returned."""

    code: Code
    kind: str
    url: Annotated[str, Field(description="without a login; *** for what may be a token")]
    settings: dict[str, JsonValue]
    username: str | None
    min_level: Annotated[LevelName, Field(description="of its only filter, like the next four; of several the lowest")]
    region: str | None
    organisation: str | None
    category: str | None
    area: str | None
    filters: list[FilterBody]
    owner: Code | None
    fallback: bool
    lang: Lang | None
    ceiling: CeilingName
    quiet: list[QuietBody]
    grouping: GroupingBody | None
    heartbeat_s: int | None
    prove_within_h: int
    prove_at: list[str] | None
    warnings: bool
    cases: CasesBody | None
    enabled: bool
    proven_at: datetime | None = Field(description="when it last accepted something, give or take 30 s")
    failing_since: datetime | None
    degraded: bool = Field(description="whether an alert lasts that its channel does not work")
    pending: int
    delivered: int
    given_up: int
    cases_pending: int = Field(description="changes of cases that wait for it")
    cases_given_up: int = Field(description="those that it did not take within a day; /case-deliveries:again")
    held_until: datetime | None = Field(description="it asked for a pause, or is not there: nothing is sent before")
    failure: str | None = Field(description="in which way a delivery failed last, in one word")
    last_error: str | None


class PutConsumer(Consumer):
    """Response to a PUT."""

    secret: str | None = Field(default=None, description="only where the hub made it up: keep it now")
    receipt_secret: str | None = Field(
        default=None,
        description="what its gateway shows at POST /receipts/{consumer}; only when its settings begin to have a "
        "`receipt`: keep it now",
    )
