"""Errors as problem details (RFC 9457): every error of the API has this one form and never shows internals."""

import logging
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError, ValidationException, WebSocketRequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.field_words import field_problem
from hub.errors import AuditUnavailable, TransientError
from hub.words import LANGS, Lang, preferred
from hub.words.sentence import Sentence, told

log = logging.getLogger(__name__)

_JSON = re.compile(r"application/(\S+\+)?json", re.IGNORECASE)
_BY_CHAIN = re.compile(r"the (consumer|rota) (\S+) is named by the chain (\S+): take it out there first")
_FALLBACK = re.compile(r"the fallback consumer (\S+) stays: make another one the fallback first")
ERRORS_SHOWN = 100
"""How many single errors a problem lists; a hopeless file must not be answered by a bigger one."""


class Fault(BaseModel):
    """One error: location, problem, and fix."""

    pointer: str | None = Field(default=None, description="JSON pointer into the body, or the parameter's name")
    line: int | None = Field(default=None, description="line of a CSV file, from 1")
    column: str | None = Field(default=None, description="column of a CSV file, by name")
    problem: str


class Missing(BaseModel):
    """What was asked for by a name that nothing has."""

    what: str = Field(examples=["device"], description="the kind of thing, in the hub's own word")
    name: str = Field(examples=["air-0"])


class ProblemDetails(BaseModel):
    """An error, after RFC 9457."""

    type: str = Field(examples=["urn:ganzhi:problem:not-found"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["there is no device 'air-0'"])
    errors: list[Fault] | None = None
    missing: Missing | None = Field(default=None, description="of a 404: what there is none of by this name")


class ProblemError(Exception):
    """The request cannot be fulfilled; the client is told why."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers = status, detail, errors, headers


def not_found(what: str, name: object) -> ProblemError:
    """404 for a named resource; its word in both languages is `thing.WHAT`, with _ for blanks."""
    thing = Sentence(f"thing.{what.replace(' ', '_')}")
    return ProblemError(404, Sentence("refusal.not_found", what=thing, name=str(name)))


def invalid(pointer: str, problem: str) -> ProblemError:
    """422 for an invalid value in a body or query."""
    detail = Sentence("refusal.at", at=pointer, problem=problem) if isinstance(problem, Sentence) else None
    # Past the model: it would make a plain string of a Sentence.
    fault = Fault.model_construct(pointer=pointer, line=None, column=None, problem=problem)
    return ProblemError(422, detail or f"{pointer}: {problem}", [fault])


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI `responses` of a route for these problem statuses."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def answer(
    status: int,
    detail: str,
    errors: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
    extras: Mapping[str, Any] | None = None,
) -> Response:
    """Build a problem response; `extras` are additional members."""
    phrase = HTTPStatus(status).phrase
    body: dict[str, Any] = {
        "type": f"urn:ganzhi:problem:{phrase.lower().replace(' ', '-')}",
        "title": phrase.capitalize(),
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = [error.model_dump(exclude_none=True) for error in errors[:ERRORS_SHOWN]]
    body |= extras or {}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Convert every error of an app to a problem response."""
    app.add_exception_handler(ProblemError, _declared)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(WebSocketRequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(psycopg.DataError, _refused)
    app.add_exception_handler(psycopg.errors.WithCheckOptionViolation, _outside)
    app.add_exception_handler(psycopg.errors.RestrictViolation, _kept)
    for kind in (psycopg.OperationalError, psycopg.InterfaceError, TransientError):
        app.add_exception_handler(kind, _unavailable)
    app.add_exception_handler(AuditUnavailable, _unaudited)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _internal)


def _method(request: Request) -> str:
    """Of a WebSocket, too, which is refused like a request and has none of its own."""
    return str(request.scope.get("method", "GET"))


def _lang(request: Request) -> Lang:
    """As the routes answer (api/language.py)."""
    asked = request.query_params.get("lang")
    return next((lang for lang in LANGS if lang == asked), preferred(request.headers.get("accept-language")))


def _told(request: Request, status: int, detail: str, **more: Any) -> Response:
    return answer(status, told(detail, _lang(request)), **more)


async def _declared(request: Request, error: Exception) -> Response:
    """Sentences are told in the language that the request asks for."""
    assert isinstance(error, ProblemError)  # noqa: S101 for the type checker; registered for this type only
    lang = _lang(request)
    errors = [fault.model_copy(update={"problem": told(fault.problem, lang)}) for fault in error.errors[:ERRORS_SHOWN]]
    return answer(error.status, told(error.detail, lang), errors, error.headers, _missing(error.detail))


def _missing(detail: str) -> dict[str, Any]:
    """For programs: what `not_found` says there is none of."""
    if not isinstance(detail, Sentence) or detail.key != "refusal.not_found":
        return {}
    what = detail.values["what"].key.removeprefix("thing.")
    return {"missing": {"what": what, "name": detail.values["name"]}}


async def _unreadable(request: Request, error: Exception) -> Response:
    assert isinstance(error, ValidationException)  # noqa: S101 for the type checker; see above
    lang = _lang(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if not _JSON.fullmatch(kind) and any(item["loc"] == ("body",) and item["input"] for item in error.errors()):
        if not kind:
            return _told(request, 415, Sentence("refusal.content_type.none"))
        return _told(request, 415, Sentence("refusal.content_type", kind=kind[:80]))
    faults = [_fault(item, lang) for item in error.errors()]
    if not faults:
        return _told(request, 422, Sentence("refusal.http.unreadable"))
    first = f"{faults[0].pointer}: {faults[0].problem}"
    if len(faults) > 1:
        first = Sentence("refusal.http.more", first=first, n=len(faults) - 1).told(lang)
    return answer(422, first, faults)


def _fault(item: Mapping[str, Any], lang: Lang) -> Fault:
    place, *path = item["loc"]
    pointer = "/" + "/".join(str(part) for part in path) if place == "body" else ".".join(map(str, path))
    return Fault(pointer="/" if item["type"] == "json_invalid" else pointer or "/", problem=field_problem(item, lang))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 for the type checker; see above
    path = request.url.path
    details = {
        404: Sentence("refusal.http.nothing", path=path),
        405: Sentence("refusal.http.method", method=_method(request), path=path),
    }
    detail = details.get(error.status_code, error.detail)
    return _told(request, error.status_code, detail, headers=error.headers, extras=getattr(error, "extras", None))


async def _refused(request: Request, error: Exception) -> Response:
    log.info("the database refused a value: %s", error)
    return _told(request, 422, Sentence("refusal.http.value"))


async def _outside(request: Request, _: Exception) -> Response:
    return _told(request, 403, Sentence("refusal.http.outside"))


async def _kept(request: Request, error: Exception) -> Response:
    assert isinstance(error, psycopg.Error)  # noqa: S101 for the type checker; registered for this type only
    return _told(request, 409, why_kept(error.diag.message_primary or ""))


def why_kept(message: str) -> str:
    """What the database says (triggers of migrations 0050 and 0061) as a sentence."""
    if found := _BY_CHAIN.fullmatch(message):
        thing = Sentence(f"thing.{found[1]}")
        return Sentence("refusal.http.kept_by_chain", thing=thing, code=found[2], chain=found[3])
    if found := _FALLBACK.fullmatch(message):
        return Sentence("refusal.http.kept_fallback", code=found[1])
    return message or Sentence("refusal.http.kept")


async def _unavailable(request: Request, error: Exception) -> Response:
    log.warning("%s %s: the database is not available: %s", _method(request), request.url.path, error)
    return _told(request, 503, Sentence("refusal.http.unavailable"), headers={"Retry-After": "2"})


def interrupted(request: Request) -> Response:
    """What is answered to a request that the end of the server cuts off."""
    return _told(request, 503, Sentence("refusal.http.interrupted"), headers={"Retry-After": "5"})


async def _unaudited(request: Request, error: Exception) -> Response:
    log.error("%s %s is refused: %s", _method(request), request.url.path, error)
    return _told(request, 503, Sentence("refusal.audit"), headers={"Retry-After": "10"})


async def _gone(request: Request, _: Exception) -> Response:
    # Nobody is there to read it; without it the log would be filled.
    return _told(request, 400, Sentence("refusal.http.not_whole"))


async def _internal(request: Request, _: Exception) -> Response:
    return _told(request, 500, Sentence("refusal.http.inside"))
