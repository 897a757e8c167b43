"""Where outside case systems tell how their cases go on: signed posts, of which each may come again, late or twice."""

import logging
import time
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Annotated, Any, Literal, TypeVar, cast
from uuid import UUID

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, ValidationError

from api.attached import FileBody, within
from api.context import Context, Here
from api.contract_types import TEXT, Code, Moment, Name, Region
from api.database import row
from api.language import Spoken
from api.problems import Fault, ProblemError, invalid, responses
from api.push.signature import TOLERANCE_S, BadSecretError, BadSignatureError, verify
from hub.access.door import GuardedRouter, public
from hub.access.token_bucket import TokenBuckets
from hub.cases.outside import OutsideRefused, Post, System, key_of, take, take_file
from hub.secrets.sealed import Place, Secrets, SecretUnreadable
from hub.store.statements import statements
from hub.words import Lang
from hub.words.sentence import Sentence

SQL = statements(__name__)
log = logging.getLogger(__name__)
_Body = TypeVar("_Body", bound=BaseModel)

BODY_LIMIT = 64 << 10
PER_ADDRESS_PER_S = 50.0
ROOM = 200
"""Posts of one address at once, beyond its rate."""
ID_LENGTH = 200
_NOBODY = "whsec_bm9ib2R5"
"""What is compared with where there is no such system, so that it takes as long."""
_EXAMPLE: dict[str, JsonValue] = {
    "id": "SZ-2026-118", "state": "30", "at": "2026-11-30T08:00:00+08:00", "title": "Rubbish beside the market hall",
    "region": "330106001002", "category": "SR-01", "note": "taken up",
}  # fmt: skip

_FILE_EXAMPLE: dict[str, JsonValue] = {
    "id": "SZ-2026-118", "file": {"name": "after.txt", "media_type": "text/plain", "content": "Y2xlYW4="},
}  # fmt: skip
FILE_LIMIT = 7 << 20
"""Bytes of a post with a file: 5 MB in base64."""

Lines = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", min_length=1, max_length=2000, strip_whitespace=True)]
Word = Annotated[str, StringConstraints(pattern=TEXT, min_length=1, max_length=64)]


class OutsidePost(BaseModel):
    """How one of its cases is in an outside system."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    id: Annotated[str, StringConstraints(pattern=TEXT, min_length=1, max_length=ID_LENGTH)] = Field(
        description="what the system calls the case"
    )
    state: Word = Field(description="in its own word; the mapping of the system says what it stands for")
    at: Moment = Field(description="since when it is so there; what is older than what was told before changes nothing")
    case: Word | None = Field(default=None, description="number or id of ours that it is about, the first time")
    title: Name | None = Field(default=None, description="of a new case, with `region`")
    region: Region | None = None
    category: Word | None = Field(default=None, description="in its own code")
    lon: float | None = Field(default=None, ge=-180, le=180)
    lat: float | None = Field(default=None, ge=-90, le=90)
    note: Lines | None = None


class OutsideFile(BaseModel):
    """A picture or paper of one of its cases."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_FILE_EXAMPLE]})

    id: Annotated[str, StringConstraints(pattern=TEXT, min_length=1, max_length=ID_LENGTH)] = Field(
        description="what the system calls the case, of which it has told before"
    )
    file: FileBody


class OutsideTaken(BaseModel):
    """What came of a post. Each outcome means that it was taken, and need not be sent again."""

    outcome: Literal["applied", "unchanged", "older", "repeated", "conflict"] = Field(
        description="applied: the case was moved, or made; unchanged: it is so here already; older: something newer is "
        "known; repeated: the post was taken before; conflict: a person decides"
    )
    case: UUID
    number: str
    stage: str
    reason: str | None = Field(description="of a conflict")


_SIGNED: dict[str, Any] = {
    "parameters": [
        {
            "name": name,
            "in": "header",
            "required": False,
            "schema": {"type": "string"},
            "description": "Standard Webhooks",
        }
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    ],
}


def _documented(body: type[BaseModel], example: dict[str, JsonValue]) -> dict[str, Any]:
    content = {"application/json": {"schema": body.model_json_schema(), "example": example}}
    return {"requestBody": {"required": True, "content": content}, **_SIGNED}


router = GuardedRouter(tags=["cases"])


def posts_of_addresses() -> TokenBuckets:
    """Those of each address; an app has it as `state.outside_posts`."""
    return TokenBuckets(PER_ADDRESS_PER_S, room=ROOM)


@router.post(
    "/outside-systems/{system}/cases",
    response_model=OutsideTaken,
    responses=responses(401, 404, 413, 422, 429, 503),
    openapi_extra=_documented(OutsidePost, _EXAMPLE),
)
@public("a case system signs with the secret of its own")
async def tell_case(system: Code, request: Request, context: Here, spoken: Spoken) -> Any:
    """Tell how a case is in an outside system; what is said again changes nothing (docs/CASES.md)."""
    _in_turn(request)
    body = await request.body()
    known, id_ = await _opened(context, system, request, body)
    post = _read(body, id_, spoken)
    try:
        async with context.hub_pool.connection() as conn, conn.transaction():
            answer = await take(conn, known, post)
    except OutsideRefused as error:
        fault = Fault(pointer=error.pointer, problem=error.sentence.told(spoken))
        raise ProblemError(404 if error.missing else 422, fault.problem, [fault]) from None
    reason = None if answer.reason is None else answer.reason.told(spoken)
    return {
        "outcome": answer.outcome, "case": answer.case_id, "number": answer.number, "stage": answer.stage,
        "reason": reason,
    }  # fmt: skip


@router.post(
    "/outside-systems/{system}/attachments",
    response_model=OutsideTaken,
    responses=responses(401, 404, 413, 422, 429, 503),
    openapi_extra=_documented(OutsideFile, _FILE_EXAMPLE),
)
@public("a case system signs with the secret of its own")
async def bring_file(system: Code, request: Request, context: Here, spoken: Spoken) -> Any:
    """Bring a picture or paper of a case; the same bytes again change nothing (docs/CASES.md)."""
    _in_turn(request)
    body = await request.body()
    known, id_ = await _opened(context, system, request, body)
    read = _validated(OutsideFile, body)
    file = within(read.file, "/file")
    try:
        async with context.hub_pool.connection() as conn, conn.transaction():
            answer = await take_file(conn, known, read.id, key_of(id_, body), file)
    except OutsideRefused as error:
        fault = Fault(pointer=error.pointer, problem=error.sentence.told(spoken))
        raise ProblemError(404 if error.missing else 422, fault.problem, [fault]) from None
    told = {"outcome": answer.outcome, "case": answer.case_id, "number": answer.number, "stage": answer.stage}
    return {**told, "reason": None}


def _in_turn(request: Request) -> None:
    """ProblemError 429 for an address that posts too much."""
    peer = request.client.host if request.client else ""
    if wait_s := cast(TokenBuckets, request.app.state.outside_posts).take(peer, time.monotonic()):
        headers = {"Retry-After": str(ceil(wait_s))}
        raise ProblemError(429, Sentence("refusal.outside_post.rate"), headers=headers)


async def _opened(context: Context, code: str, request: Request, body: bytes) -> tuple[System, str]:
    """The system that has signed, and the id of its post. ProblemError 401 for any other, and where there is none."""
    async with context.hub_pool.connection() as conn:
        found = await row(conn, SQL.system, {"code": code})
    secret = _NOBODY
    if found is not None:
        try:
            secret = Secrets(context.settings.secrets).open(Place("outside_system", "secret", code), found["secret"])
        except SecretUnreadable as error:
            log.warning("posts of the outside system %s cannot be taken: %s", code, error.sentence)
            found = None
    id_, at, signatures = (request.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    try:
        verify(secret, id_, at, signatures, body, time.time())
    except (BadSignatureError, BadSecretError) as error:
        context.refusals.count(request, 401)
        raise ProblemError(401, _unsigned(error if found is not None else None)) from None
    if found is None:
        context.refusals.count(request, 401)
        raise ProblemError(401, _unsigned())
    if not 0 < len(id_) <= ID_LENGTH:
        raise ProblemError(422, Sentence("refusal.outside_post.id", most=ID_LENGTH))
    named = System(found["code"], found["organisation"], found["responsible"], found["states"], found["categories"])
    return named, id_


def _unsigned(error: BadSignatureError | BadSecretError | None = None) -> Sentence:
    """Why a post is not trusted; what is wrong with its signature is told only where there is such a system."""
    if error is None:
        return Sentence("refusal.outside_post.signature")
    return Sentence("refusal.outside_post.signature_why", why=error.detail)


def _read(body: bytes, id_: str, lang: Lang) -> Post:
    read = _validated(OutsidePost, body)
    now = datetime.now(UTC)
    if read.at > now + timedelta(seconds=TOLERANCE_S):
        future = Sentence("outside.future", at=read.at.isoformat()).told(lang)
        raise ProblemError(422, future, [Fault(pointer="/at", problem=future)])
    if (read.lon is None) != (read.lat is None):
        raise invalid("/lon", Sentence("refusal.case.place"))
    given = read.model_dump(exclude={"at"})
    return Post(key=key_of(id_, body), at=read.at, step_at=min(read.at, now), **given)


def _validated(of: type[_Body], body: bytes) -> _Body:
    """What a post says; RequestValidationError (422)."""
    try:
        return of.model_validate_json(body)
    except ValidationError as error:
        faults = [{**each, "loc": ("body", *each["loc"])} for each in error.errors(include_url=False)]
        raise RequestValidationError(faults) from None
