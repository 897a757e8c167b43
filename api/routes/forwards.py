"""Who is forwarded readings as they come: a superior platform over HJ 212, MQTT, Kafka."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Response
from psycopg import AsyncConnection
from pydantic import BaseModel, ConfigDict, Field, JsonValue, SecretStr, StringConstraints, model_validator

from api.context import Context, Here
from api.contract_types import TEXT, Code, Name, RegionPrefix
from api.cursors import Page, Paged
from api.database import audit, execute, read, row, writing
from api.language import Spoken, failure_in
from api.problems import invalid, not_found, responses
from devices.station_passwords import PasswordRefused, normal_password
from hub.access.classification import ReadCeiling
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.outgoing import Outgoing, OutgoingRefused
from hub.access.permissions import Permission
from hub.access.scope import key_of
from hub.secrets.sealed import Place, Secrets
from hub.store.statements import statements
from hub.words import Lang
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(prefix="/forwards", tags=["forwards"])
_KEYS = {"code": str}
_PASSWORD = "123456"  # noqa: S105 what the standard's examples have; platforms that check it give another one

Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,24}$")]
_EXAMPLE: dict[str, JsonValue] = {
    "name": "Provincial platform", "kind": "hj212", "host": "10.20.0.5", "port": 9212, "password": "123456",
    "organisation": "ecology",
}  # fmt: skip


class ForwardBody(BaseModel):
    """A target in a PUT request."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    name: Name
    kind: Literal["hj212", "mqtt", "kafka"] = Field(
        description="hj212: a superior platform. mqtt, kafka: the hub's own, below PREFIX/readings/CODE and in "
        "PREFIX.readings.CODE"
    )
    host: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:_-]{1,253}$")] | None = None
    port: int | None = Field(default=None, ge=1, le=65_535)
    number: Word | None = Field(
        default=None, description="MN under which all is forwarded; null: each device under its own number, or its code"
    )
    station_kind: Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")] | None = Field(
        default=None, description="ST of devices that do not speak HJ 212 themselves; null: 22, air"
    )
    password: SecretStr | None = Field(
        default=None, max_length=64, description="PW; left out, that of before is kept, or 123456"
    )
    at_once: int = Field(
        default=16, ge=1, le=100, description="reports under way without an answer; 1: strictly in turn"
    )
    organisation: Code | None = Field(default=None, description="only devices of this organisation")
    region: RegionPrefix | None = Field(default=None, description="only devices below this division code")
    tag: Annotated[str, StringConstraints(pattern=TEXT, min_length=1, max_length=200)] | None = Field(
        default=None, description="only devices with this tag: KEY, or KEY:VALUE"
    )
    ceiling: ReadCeiling = Field(default="L4", description="the highest level of data that it gets (docs/PRIVACY.md)")
    enabled: bool = True

    @model_validator(mode="after")
    def _address(self) -> "ForwardBody":
        given = self.host is not None and self.port is not None
        if (self.kind == "hj212") != given or (self.host is None) != (self.port is None):
            raise ValueError(Sentence("refusal.forward.address"))
        return self


class Forward(BaseModel):
    """A stored target, and how far it is."""

    code: Code
    name: str
    kind: Literal["hj212", "mqtt", "kafka"]
    host: str | None
    port: int | None
    number: str | None
    station_kind: str | None
    at_once: int
    organisation: str | None
    region: str | None
    tag: str | None
    ceiling: ReadCeiling
    enabled: bool
    acknowledged: int = Field(description="reports that it has taken")
    pending: int = Field(description="reports that wait for it")
    oldest: datetime | None = Field(description="when the oldest of these was stored")
    newest: datetime | None = Field(description="the newest time of measurement that it has taken")
    failing_since: datetime | None = Field(description="since when it takes nothing; null: it did at the last attempt")
    last_error: str | None


@router.put("/{code}", response_model=Forward, responses={201: {"model": Forward}, **responses(422)})
@needs(Permission.CONSUMERS_WRITE)
async def put_forward(
    code: Code, body: ForwardBody, response: Response, context: Here, caller: TheCaller, spoken: Spoken
) -> Any:
    """Create or replace a target. A new one gets what is stored from now on."""
    _check_address(context, body)
    shown = body.model_dump(exclude={"password"})
    vault, place = Secrets(context.settings.secrets), Place("forward_target", "password", code)
    given = None if body.password is None else _checked(body.password)
    async with writing(context) as conn:
        if body.organisation is not None and await row(conn, SQL.organisation, {"code": body.organisation}) is None:
            raise invalid(
                "/organisation", Sentence("refusal.outside.organisation", code=body.organisation).told(spoken)
            )
        values = {
            **shown, "code": code, "scope_key": key_of(body.organisation, body.region, None),
            "password": None if given is None else vault.seal(place, given), "usual": vault.seal(place, _PASSWORD),
        }  # fmt: skip
        written = await row(conn, SQL.put, values) or {}
        await execute(conn, SQL.begin, {"code": code})
        await audit(conn, caller, "forward.put", code, shown | {"password": "changed" if given else "kept"})
        response.status_code = 201 if written["created"] else 200
        return await _forward(conn, code, spoken)


def _checked(password: SecretStr) -> str:
    """A PW that a frame can show; ProblemError, without a part of it."""
    try:
        return normal_password("hj212", password.get_secret_value())
    except PasswordRefused as error:
        sentence = Sentence("refusal.session.password.form", protocol="hj212", right=error.sentence)
        raise invalid("/password", sentence) from None


def _check_address(context: Context, body: ForwardBody) -> None:
    """Refuse an address that would never be called; what a name leads to is judged at each connection."""
    if body.kind == "kafka" and context.settings.kafka.servers is None:
        raise invalid("/kind", Sentence("refusal.kind.kafka"))
    if body.host is not None and body.port is not None:
        try:
            Outgoing(context.settings).check_literal("forward", body.host, body.port)
        except OutgoingRefused as error:
            raise invalid("/host", error.sentence) from error


@router.get("", response_model=Page[Forward])
@needs(Permission.CONSUMERS_READ)
async def list_forwards(paging: Paged, context: Here, spoken: Spoken) -> Any:
    """Targets by code, and how far each is."""
    found = await read(context, SQL.forwards, {"code": None, **paging.after(_KEYS)})
    return paging.page([failure_in(spoken, each) for each in found], _KEYS)


@router.get("/{code}", response_model=Forward, responses=responses(404))
@needs(Permission.CONSUMERS_READ)
async def get_forward(code: Code, context: Here, spoken: Spoken) -> Any:
    """One target."""
    async with context.pool.connection() as conn:
        return await _forward(conn, code, spoken)


@router.delete("/{code}", response_model=Forward, responses=responses(404))
@needs(Permission.CONSUMERS_WRITE)
async def delete_forward(code: Code, context: Here, caller: TheCaller, spoken: Spoken) -> Any:
    """Delete a target with all that waits for it; returned as it was. To keep that, PUT enabled false."""
    async with writing(context) as conn:
        was = await _forward(conn, code, spoken)
        await audit(conn, caller, "forward.delete", code, {"pending": was["pending"]})
        await execute(conn, SQL.delete, {"code": code})
    return was


async def _forward(conn: AsyncConnection, code: str, lang: Lang) -> dict[str, Any]:
    found = await row(conn, SQL.forwards, {"code": code, "after_code": None, "limit": 1})
    if found is None:
        raise not_found("target of forwarding", code)
    return failure_in(lang, found)
