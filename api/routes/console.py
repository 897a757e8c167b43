"""The page: plain files of this package, nothing from elsewhere."""

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

FOLDER = Path(str(files("api") / "console"))
router = APIRouter()


@router.get("/", include_in_schema=False)
async def page() -> FileResponse:
    """The page itself."""
    return FileResponse(FOLDER / "index.html", media_type="text/html; charset=utf-8")


def assets() -> Mount:
    """What the page is made of, at /assets."""
    return Mount("/assets", StaticFiles(directory=FOLDER), name="assets")
