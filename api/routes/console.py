"""The page: plain files of this package, nothing from elsewhere."""

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from hub.words import below

FOLDER = Path(str(files("api") / "console"))
router = APIRouter()


@router.get("/", include_in_schema=False)
async def page() -> FileResponse:
    """The page itself."""
    return FileResponse(FOLDER / "index.html", media_type="text/html; charset=utf-8")


async def words(_: Request) -> JSONResponse:
    """The page's texts by language and key."""
    return JSONResponse(below("page.", "reason."), headers={"Cache-Control": "no-cache"})


def assets() -> Mount:
    """What the page is made of, at /assets."""
    return Mount(
        "/assets", routes=[Route("/words.json", words), Mount("/", StaticFiles(directory=FOLDER))], name="assets"
    )
