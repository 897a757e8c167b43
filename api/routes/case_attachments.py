"""Pictures and papers of cases: brought by people, read by people, and by consumers with a link."""

import time
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import Query, Request, Response

from api.attached import BODY, FileName, brought, shown
from api.attachments import KINDS
from api.context import Context, Here
from api.contract_types import Code
from api.database import Row, audit, handling, read, row, rows, writing
from api.language import Spoken
from api.problems import ProblemError, not_found, responses
from api.push.file_link import FileLink, link_key
from api.routes.cases import CaseDetail
from api.routes.cases import shown as shown_case
from hub.access.classification import CASE, level_named
from hub.access.door import GuardedRouter, TheCaller, needs, public
from hub.access.permissions import Permission
from hub.access.refusals import NOBODY
from hub.audit.entry import Entry, write
from hub.cases.apply import apply
from hub.cases.step import Step
from hub.secrets.sealed import Place, Secrets, SecretUnreadable
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(tags=["cases"])
_FILE: dict[str, Any] = {"content": {kind: {} for kind in KINDS}}


@router.post(
    "/cases/{case_id}/attachments",
    response_model=CaseDetail,
    status_code=201,
    responses=responses(404, 409, 413, 415, 422),
    openapi_extra=BODY,
)
@needs(Permission.CASES_HANDLE, Permission.CASES_READ)
async def attach(
    case_id: UUID,
    request: Request,
    context: Here,
    caller: TheCaller,
    spoken: Spoken,
    name: FileName = "attachment",
    id_: Annotated[UUID | None, Query(alias="id", description="of the step: sent again it changes nothing")] = None,
) -> Any:
    """Add a picture or paper: JPEG, PNG, PDF or text, the body of the request. A step may bring some of its own.

    What a camera wrote beside the picture (where, when, whose) is left out.
    """
    if not await read(context, SQL.there, {"id": case_id}):
        raise not_found("case", case_id)
    file = await brought(request, name)
    noted = {"name": name, "media_type": file.media_type, "bytes": len(file.content)}
    async with handling(context, caller, "case.attach", str(case_id), noted) as conn:
        step = Step(
            id_ or uuid4(), case_id, "attached", datetime.now(UTC), caller.actor, principal=caller.principal,
            by_organisation=caller.organisation, note=name,
        )  # fmt: skip
        [result] = await apply(conn, [step], {step.id: [file]})
        if result.case is None:
            raise not_found("case", case_id)
        if result.reason is not None:
            raise ProblemError(409, result.reason.told(spoken))
    return await shown_case(context, case_id, caller, spoken)


@router.get(
    "/cases/{case_id}/attachments/{attachment_id}",
    response_class=Response,
    responses={**responses(404), 200: _FILE},
)
@needs(Permission.CASES_READ)
async def get_attachment(case_id: UUID, attachment_id: UUID, context: Here, caller: TheCaller) -> Response:
    """A picture or paper of a case; the audit notes who has seen it."""
    found = await read(context, SQL.attachment, {"id": attachment_id, "case_id": case_id})
    if not found:
        raise not_found("attachment", attachment_id)
    [file] = found
    async with writing(context) as conn:
        noted = {"id": str(attachment_id), "name": file["name"]}
        await audit(conn, caller, "case_attachment.read", str(case_id), noted)
    return shown(file["name"], file["media_type"], file["content"])


@router.get("/case-files/{file_id}", response_class=Response, responses={**responses(403), 200: _FILE})
@public("the link is signed by the hub for the consumer that it was sent to")
async def read_by_link(
    file_id: UUID,
    request: Request,
    context: Here,
    spoken: Spoken,
    consumer: Code,
    until: Annotated[int, Query(ge=0, le=1 << 40, description="in seconds")],
    signature: Annotated[str, Query(max_length=100)],
) -> Response:
    """A picture or paper, by a link of an event of its case; the audit notes which consumer has read it."""
    async with context.hub_pool.connection() as conn, conn.transaction():
        file = await row(conn, SQL.linked, {"id": file_id, "consumer": consumer})
        link = FileLink(file_id, consumer, until)
        if file is None or not _opens(context, link, file, signature):
            context.refusals.count(request, 403, NOBODY if file is None else f"consumer:{consumer}")
            raise ProblemError(403, Sentence("refusal.case.link").told(spoken))
        address = request.client.host if request.client else None
        noted = {"id": str(file_id), "name": file["name"]}
        await write(conn, Entry(f"consumer:{consumer}", "case_attachment.read", str(file["case_id"]), noted, address))
        [kept] = await rows(conn, SQL.content, {"id": file_id})  # by now it is known that it may be read
    return shown(file["name"], file["media_type"], kept["content"])


def _opens(context: Context, link: FileLink, file: Row, signature: str) -> bool:
    """Whether the link is right, and its consumer may still get what it leads to."""
    if file["case_id"] is None:
        return False
    try:
        secret = Secrets(context.settings.secrets).open(Place("consumer", "secret", link.consumer), file["secret"])
    except SecretUnreadable:
        return False
    right = link.opens(link_key(file["link_key"], secret), signature, time.time())
    return right and level_named(file["ceiling"]) >= CASE["attachments"]
