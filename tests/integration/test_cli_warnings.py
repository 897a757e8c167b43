"""Official warnings from the command line, against a real API (app/cli/warnings.py)."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from typer.testing import CliRunner

from app.main import app
from tests.support.served_api import api_context, served
from tests.support.warning_samples import CITY, national


async def test_a_file_is_brought_in_and_shown(database: str, tmp_path: Path) -> None:
    async with api_context(database) as context, served(context) as base:

        async def hub(*words: str, status: int = 0) -> str:
            env = {"HUB_URL": base, "COLUMNS": "200"}
            told = await asyncio.to_thread(CliRunner().invoke, app, ["warnings", *words], env=env)
            assert told.exit_code == status, told.output
            return told.stdout if status == 0 else told.stderr

        assert "There is none" in await hub("list")
        file = tmp_path / "warning.xml"
        file.write_text(national(sent=datetime.now(UTC).isoformat(" ")), encoding="utf-8")
        assert "12379: 1 new, 0 as before" in await hub("import", str(file))
        assert "12379: 0 new, 1 as before" in await hub("import", str(file))
        listed = await hub("list", "--region", "330106")
        assert "orange  示例市气象局发布暴雨橙色预警" in listed
        assert "There is none" in await hub("list", "--region", "44")
        id_ = listed.split()[-1]
        assert "12379: alert, orange" in await hub("show", id_)
        assert CITY in await hub("show", id_, "--json")
        assert CITY in await hub("list", "--json")
        file.write_text("<!DOCTYPE x><alert/>", encoding="utf-8")
        assert "DOCTYPE" in await hub("import", str(file), status=1)
        assert "there is no warning" in await hub("show", "0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e", status=1)
