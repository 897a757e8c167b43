"""Status summary of the hub."""

from typing import Annotated, Any, cast

from fastapi import Depends, Request

from api.dashboard import Dashboard, Status
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission

router = GuardedRouter(prefix="/status", tags=["status"])


def _board(request: Request) -> Dashboard:
    return cast(Dashboard, request.app.state.board)


TheBoard = Annotated[Dashboard, Depends(_board)]


@router.get("", response_model=Status)
@needs(Permission.STATUS_READ, Permission.READINGS_READ)
async def get_status(board: TheBoard) -> Any:
    """Rates, totals, active alerts by level and newest readings; worked out at most once a second."""
    return (await board.current()).status
