"""The page: static files of this package."""

from functools import cache
from importlib.resources import files
from pathlib import Path

from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from hub.access.door import GuardedRouter, PublicApp, public
from hub.words import below

FOLDER = Path(str(files("api") / "console"))
router = GuardedRouter()


@router.get("/", include_in_schema=False)
@public("the page holds no data: it asks for the token, and fetches with it")
async def page() -> FileResponse:
    """The page."""
    return FileResponse(FOLDER / "index.html", media_type="text/html; charset=utf-8")


@router.get("/assets/words.json", include_in_schema=False)
@public("the page's texts are no data")
async def words() -> Response:
    """The page's texts by language and key."""
    return Response(_words(), headers={"Cache-Control": "no-cache"}, media_type="application/json")


@cache
def _words() -> bytes:
    return bytes(
        JSONResponse(
            below("page.", "reason.", "duty.reason.", "access.role.", "case.stage.", "case.step.", "video.kind.")
        ).body
    )


def assets() -> Mount:
    """What else the page is made of, at /assets."""
    files_ = PublicApp(StaticFiles(directory=FOLDER), "the page's scripts and styles hold no data")
    return Mount("/assets", files_, name="assets")
