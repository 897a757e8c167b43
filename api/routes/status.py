"""Status summary of the hub."""

from typing import Annotated, Any, cast

from fastapi import Depends, Request

from api.context import Here
from api.dashboard import Boards, Dashboard, Status
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission

router = GuardedRouter(prefix="/status", tags=["status"])


async def _board(request: Request, context: Here) -> Dashboard:
    return cast(Boards, request.app.state.boards).of(context)


TheBoard = Annotated[Dashboard, Depends(_board)]


@router.get("", response_model=Status)
@needs(Permission.STATUS_READ, Permission.READINGS_READ)
async def get_status(board: TheBoard) -> Any:
    """Rates, totals, active alerts by level and newest readings; worked out at most once a second."""
    return (await board.current()).status
