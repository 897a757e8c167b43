"""The hub at a glance."""

from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Request

from api.board import Board, Status

router = APIRouter(prefix="/status", tags=["status"])


def _board(request: Request) -> Board:
    return cast(Board, request.app.state.board)


TheBoard = Annotated[Board, Depends(_board)]


@router.get("", response_model=Status)
async def get_status(board: TheBoard) -> Any:
    """Rates, totals, active alerts by level and newest readings; worked out at most once a second."""
    return (await board.current()).status
