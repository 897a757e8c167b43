"""The OpenAPI document."""

from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse

from hub.access.door import GuardedRouter, public

router = GuardedRouter()


@router.api_route("/openapi.json", methods=["GET", "HEAD"], include_in_schema=False)
@public("it describes what there is to call, and holds no data")
async def openapi(request: Request) -> Any:
    """OpenAPI 3.1."""
    return JSONResponse(request.app.openapi())
