"""Outside case systems (一网统管, 数字城管, 12345): which there are, and what their words stand for."""

import secrets
from base64 import b64encode
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import Response
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, SecretStr, StringConstraints

from api.context import Here
from api.contract_types import TEXT, Code, Name
from api.cursors import Page, Paged
from api.database import audit, execute, read, row, writing
from api.language import Spoken
from api.problems import ProblemError, invalid, not_found, responses
from api.push.signature import PREFIX, BadSecretError, sign
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.cases.outside_words import TOLD, Words
from hub.secrets.sealed import Place, Secrets
from hub.store.statements import statements
from hub.words import Lang
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(prefix="/outside-systems", tags=["cases"])
_KEYS = {"code": str}
MOST = 2000
"""Words of a mapping."""

Word = Annotated[str, StringConstraints(pattern=TEXT, min_length=1, max_length=64)]
Target = Literal[
    "reported", "accepted", "filed", "dispatched", "handling", "verifying", "verified", "closed", "rejected",
    "returned", "failed",
]  # fmt: skip
_EXAMPLE: dict[str, JsonValue] = {
    "name": "City operations", "organisation": "ops", "responsible": "sanitation",
    "states": {"10": "accepted", "20": "dispatched", "30": "handling", "45": "failed", "90": "closed"},
    "categories": {"SR-01": {"kind": "event", "code": "0101"}},
}  # fmt: skip


class CategoryOfOurs(BaseModel):
    """A category of the newest table."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["part", "event"]
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{2,8}$")]


def _told(target: str) -> str:
    if target not in TOLD:
        raise ValueError(f"'{target}' is no stage; give one of {', '.join(TOLD)}")
    return target


class TellsBody(BaseModel):
    """Its words for what the hub tells it, where `states` and `categories` have none or several."""

    model_config = ConfigDict(extra="forbid")

    states: Annotated[dict[Annotated[str, AfterValidator(_told)], Word], Field(max_length=len(TOLD))] = Field(
        default={}, description="by stage, or the step returned or failed"
    )
    categories: Annotated[
        dict[Annotated[str, StringConstraints(pattern=r"^(part|event):[0-9]{2,8}$")], Word], Field(max_length=MOST)
    ] = Field(default={}, description="by kind and code of ours, such as event:0101")


class OutsideSystemBody(BaseModel):
    """A system and its mapping."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    name: Name
    organisation: Code | None = Field(
        default=None, description="whose cases it reports, and the only ones of ours that it may name; null: any"
    )
    responsible: Code | None = Field(default=None, description="who handles what it says is dispatched")
    states: Annotated[dict[Word, Target], Field(max_length=MOST)] = Field(
        description="by its word for a state: the stage that it stands for, or the step returned or failed"
    )
    categories: Annotated[dict[Word, CategoryOfOurs], Field(max_length=MOST)] = Field(
        default={}, description="by its code of a category: ours; a report of another one is without a category"
    )
    tells: TellsBody = TellsBody()
    enabled: bool = True
    secret: SecretStr | None = Field(
        default=None,
        description="whsec_ and base64, with which it signs; left out, that of before is kept, or one made up",
    )


class OutsideSystem(BaseModel):
    """A stored system."""

    code: Code
    name: str
    organisation: str | None
    responsible: str | None
    states: dict[str, Target]
    categories: dict[str, CategoryOfOurs]
    tells: TellsBody
    untold: list[str] = Field(description="stages that it is told without a word, for none is chosen")
    enabled: bool
    cases: int = Field(description="cases that it has told of")
    conflicts: int = Field(description="conflicts that wait for a person")
    secret: str | None = Field(description="shown once, when it was made up")


@router.put("/{code}", response_model=OutsideSystem, responses={201: {"model": OutsideSystem}, **responses(422)})
@needs(Permission.CASES_CONFIGURE)
async def put_system(
    code: Code, body: OutsideSystemBody, response: Response, context: Here, caller: TheCaller, spoken: Spoken
) -> Any:
    """Create or replace a system. What it has told of stays."""
    made_up = PREFIX + b64encode(secrets.token_bytes(32)).decode()
    given = None if body.secret is None else body.secret.get_secret_value()
    if given is not None:
        try:
            sign(given, "", 0, b"")
        except BadSecretError as error:
            raise invalid("/secret", str(error)) from None
    vault, place = Secrets(context.settings.secrets), Place("outside_system", "secret", code)
    shown = body.model_dump(exclude={"secret"})
    async with writing(context) as conn:
        await _check(conn, body, spoken)
        values = {
            **shown, "code": code, "states": Jsonb(shown["states"]), "categories": Jsonb(shown["categories"]),
            "tells": Jsonb(shown["tells"]),
            "secret": None if given is None else vault.seal(place, given), "fresh": vault.seal(place, made_up),
        }  # fmt: skip
        written = await row(conn, SQL.put, values) or {}
        await audit(conn, caller, "outside_system.put", code, shown | {"secret": "changed" if given else "kept"})
        response.status_code = 201 if written["created"] else 200
        told = made_up if written["created"] and given is None else None
        return {**await _system(conn, code), "secret": told}


async def _check(conn: AsyncConnection, body: OutsideSystemBody, lang: Lang) -> None:
    for name in ("organisation", "responsible"):
        given = getattr(body, name)
        if given is not None and await row(conn, SQL.organisation, {"code": given}) is None:
            raise invalid(f"/{name}", Sentence("refusal.outside.organisation", code=given).told(lang))
    for pointer, word, stands in _contradictions(body):
        raise invalid(pointer, Sentence("refusal.outside.contradicts", word=word, stands=stands).told(lang))


def _contradictions(body: OutsideSystemBody) -> Iterator[tuple[str, str, str]]:
    """Words that would be told for one thing and heard as another: the system's echo would move the case elsewhere.

    Each with its pointer, and what it stands for when it is heard. A finer category may have the word of a wider one.
    """
    for target, word in body.tells.states.items():
        if body.states.get(word, target) != target:
            yield f"/tells/states/{target}", word, body.states[word]
    for ours, word in body.tells.categories.items():
        heard = body.categories.get(word)
        if heard is not None and not ours.startswith(f"{heard.kind}:{heard.code}"):
            yield f"/tells/categories/{ours}", word, f"{heard.kind}:{heard.code}"


@router.get("", response_model=Page[OutsideSystem])
@needs(Permission.CASES_CONFIGURE)
async def list_systems(paging: Paged, context: Here) -> Any:
    """Systems by code."""
    found = await read(context, SQL.systems, {"code": None, **paging.after(_KEYS)})
    return paging.page([_shown(each) for each in found], _KEYS)


@router.get("/{code}", response_model=OutsideSystem, responses=responses(404))
@needs(Permission.CASES_CONFIGURE)
async def get_system(code: Code, context: Here) -> Any:
    """One system."""
    async with context.pool.connection() as conn:
        return await _system(conn, code)


@router.delete("/{code}", response_model=OutsideSystem, responses=responses(404, 409))
@needs(Permission.CASES_CONFIGURE)
async def delete_system(code: Code, context: Here, caller: TheCaller, spoken: Spoken) -> Any:
    """Delete a system that has told of no case; returned as it was. Others are switched off."""
    async with writing(context) as conn:
        was = await _system(conn, code)
        if was["cases"]:
            raise ProblemError(409, Sentence("refusal.outside.kept", code=code, cases=was["cases"]).told(spoken))
        if consumer := await row(conn, SQL.consumer, {"code": code}):
            named = Sentence("refusal.outside.consumer", code=code, consumer=consumer["code"])
            raise ProblemError(409, named.told(spoken))
        await audit(conn, caller, "outside_system.delete", code, {})
        await execute(conn, SQL.delete, {"code": code})
    return was


async def _system(conn: AsyncConnection, code: str) -> dict[str, Any]:
    found = await row(conn, SQL.systems, {"code": code, "after_code": None, "limit": 1})
    if found is None:
        raise not_found("outside system", code)
    return _shown(found)


def _shown(found: dict[str, Any]) -> dict[str, Any]:
    words = Words(found["states"], found["categories"], found["tells"])
    return found | {"untold": words.untold, "secret": None}
