"""Alert consumers and their delivery status."""

import binascii
import secrets
from base64 import b64decode, b64encode
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Response
from psycopg import AsyncConnection
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, SecretStr, field_validator

from api.context import Here
from api.contract_types import LEVELS, Code, LevelName, Name, RegionPrefix
from api.cursors import Page, Paged
from api.database import SQL as DATABASE
from api.database import audit, execute, read, row, writing
from api.problems import not_found, responses
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.access.shown_url import HIDDEN, shown_url
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(prefix="/consumers", tags=["consumers"])
_KEYS = {"code": str}
_PREFIX = "whsec_"
_EXAMPLE: dict[str, JsonValue] = {
    "url": "https://desk.example.org/alerts",
    "min_level": "yellow",
    "region": "3301",
}


class ConsumerBody(BaseModel):
    """A webhook consumer in a PUT request."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    url: str = Field(max_length=2000, description="http or https; called with POST")
    secret: SecretStr | None = Field(
        default=None, description="whsec_ and base64 of 24 to 64 bytes; made up, and told once, when left out"
    )
    min_level: LevelName = "blue"
    region: RegionPrefix | None = Field(default=None, description="only alerts from below this division code")
    organisation: Code | None = Field(default=None, description="only of devices of this organisation; made when new")
    category: Name | None = Field(default=None, description="only of devices whose profile has this category")
    enabled: bool = True

    @field_validator("url")
    @classmethod
    def _callable(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:  # of a port; its text would show what may be half a password
            usable = False
        if not usable or any(c.isspace() or not c.isprintable() for c in url):
            raise ValueError("write it like https://desk.example.org/alerts")
        if parts.password == HIDDEN:
            raise ValueError(f"{HIDDEN} stands for a password that is not shown: write the password")
        return url

    @field_validator("secret")
    @classmethod
    def _usable(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is None:
            return None
        text = secret.get_secret_value()
        try:
            size = len(b64decode(text.removeprefix(_PREFIX), validate=True))
        except (binascii.Error, ValueError):
            size = 0
        if not text.startswith(_PREFIX) or not 24 <= size <= 64:
            raise ValueError("a secret is whsec_ followed by the base64 of 24 to 64 bytes")
        return secret


class Consumer(BaseModel):
    """A stored consumer with delivery status; its secret is never returned."""

    code: Code
    kind: str
    url: Annotated[str, AfterValidator(shown_url), Field(description="a password in it is shown as ***")]
    min_level: LevelName
    region: str | None
    organisation: str | None
    category: str | None
    enabled: bool
    pending: int
    delivered: int
    given_up: int
    last_error: str | None


class PutConsumer(Consumer):
    """Response to a PUT."""

    secret: str | None = Field(default=None, description="only where the hub made it up: keep it now")


@router.put("/{code}", response_model=PutConsumer, responses={201: {"model": PutConsumer}, **responses(422)})
@needs(Permission.CONSUMERS_WRITE)
async def put_consumer(code: Code, body: ConsumerBody, response: Response, context: Here, caller: TheCaller) -> Any:
    """Create or replace a consumer; without a secret the existing one is kept."""
    fresh = _PREFIX + b64encode(secrets.token_bytes(32)).decode()
    given = body.secret.get_secret_value() if body.secret else None
    values = {**body.model_dump(exclude={"secret"}), "code": code, "min_level": LEVELS[body.min_level]}
    async with writing(context) as conn:
        if body.organisation:
            await execute(conn, DATABASE.organisations_add, {"codes": [body.organisation]})
        written = await row(conn, SQL.consumer_put, {**values, "secret": given, "fresh_secret": fresh})
        created = bool(written and written["created"])
        told = body.model_dump(exclude={"secret"}) | {"url": shown_url(body.url)}
        await audit(conn, caller, "consumer.put", code, told)
        response.status_code = 201 if created else 200
        made_up = fresh if created and given is None else None
        return {**await _consumer(conn, code), "secret": made_up}


@router.get("", response_model=Page[Consumer])
@needs(Permission.CONSUMERS_READ)
async def list_consumers(paging: Paged, context: Here) -> Any:
    """Consumers by code, with the state of their deliveries."""
    found = await read(context, SQL.consumers, {"code": None, **paging.after(_KEYS)})
    return paging.page(found, _KEYS)


@router.get("/{code}", response_model=Consumer, responses=responses(404))
@needs(Permission.CONSUMERS_READ)
async def get_consumer(code: Code, context: Here) -> Any:
    """One consumer."""
    async with context.pool.connection() as conn:
        return await _consumer(conn, code)


async def _consumer(conn: AsyncConnection, code: str) -> dict[str, Any]:
    found = await row(conn, SQL.consumers, {"code": code, "after_code": None, "limit": 1})
    if found is None:
        raise not_found("consumer", code)
    return found
