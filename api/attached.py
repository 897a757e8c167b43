"""Attachments of alerts and cases over HTTP: what is brought goes through one gate, and leaves as nothing runs it."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Query, Request, Response
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from api.attachments import KINDS, MAX_BYTES, cleaned, not_taken
from api.contract_types import TEXT
from api.problems import ProblemError, invalid
from hub.cases.files import File
from hub.words.sentence import Sentence

BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in KINDS},
    }
}
"""Of a route that takes a file as its body, for the OpenAPI document."""
FileName = Annotated[str, Query(min_length=1, max_length=200, pattern=TEXT, description="of the file")]


class FileBody(BaseModel):
    """A file inside JSON."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200, pattern=TEXT)
    media_type: str = Field(max_length=100, description=f"one of {', '.join(KINDS)}")
    content: Base64Bytes = Field(description=f"base64, of {MAX_BYTES:,} bytes at most")


async def brought(request: Request, name: str) -> File:
    """The file that is the body of a request; ProblemError 415 or 422 when it is not taken."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in KINDS:
        raise ProblemError(415, not_taken(media_type))
    return _through_the_gate(name, media_type, await request.body(), "body")


def within(file: FileBody, pointer: str) -> File:
    """A file that came inside JSON; ProblemError 422 when it is not taken."""
    return _through_the_gate(file.name, file.media_type, file.content, f"{pointer}/content")


def _through_the_gate(name: str, media_type: str, content: bytes, pointer: str) -> File:
    if len(content) > MAX_BYTES:
        raise invalid(pointer, Sentence("refusal.file.bytes", bytes=len(content), most=MAX_BYTES))
    try:
        return File(name, media_type, cleaned(media_type, content))
    except ValueError as error:
        raise invalid(pointer, error.args[0]) from None


def shown(name: str, media_type: str, content: bytes) -> Response:
    """A file as an answer: to be saved, never run."""
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "content-security-policy": "sandbox; default-src 'none'",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
    }
    return Response(content, media_type=media_type, headers=headers)
