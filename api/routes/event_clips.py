"""Clips of events: for those who may see the alert, each reading audited, as their pictures are."""

from typing import Any
from uuid import UUID

from fastapi import Response

from api.attached import shown
from api.context import Here
from api.database import audit, read, writing
from api.language import Spoken
from api.problems import not_found, responses
from api.routes.event_pictures import clip_told, content_of, uncut
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(tags=["events"])
_WEBP: dict[str, Any] = {"content": {"image/webp": {}}}


@router.get("/events/{event_id}/clip", response_class=Response, responses={**responses(404), 200: _WEBP})
@needs(Permission.EVENTS_READ, Permission.ALERTS_READ)
async def get_clip(event_id: UUID, context: Here, caller: TheCaller, spoken: Spoken) -> Response:
    """The clip of an event (animated WebP): the seconds around it, with all in blocks that may be a person or vehicle.

    For grants without a ceiling below L4. The audit notes who has seen it.
    """
    found = await read(uncut(context, caller), SQL.clip, {"id": event_id})
    content = await content_of(context, found, not_found("clip", event_id), clip_told, spoken)
    async with writing(context) as conn:
        await audit(conn, caller, "clip.read", str(event_id), {})
    return shown(f"{event_id}.webp", "image/webp", content)
