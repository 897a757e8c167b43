"""Cases on the page: the list, one with its timeline and a step, and figures, in a real browser."""

import asyncio
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.acceptance.test_login_page import press
from tests.acceptance.test_page import LINK, browser
from tests.support.chromium import Chromium
from tests.support.served_api import api_context, client_of, served

__all__ = ["browser"]
ROWS = "[...document.querySelectorAll('#case-rows li')].map((row) => row.textContent).join(' | ')"
TIMELINE = "[...document.querySelectorAll('#case-timeline li')].map((row) => row.textContent).join(' | ')"
STEPS = "[...document.querySelectorAll('#case-steps button')].map((each) => each.textContent).join(' ')"
ABOUT = "document.getElementById('case-about').textContent"
CONFLICTS = "document.getElementById('case-conflicts').textContent"
CONTRADICTED = """
with s as (insert into outside_system (code, name, secret, states, categories, enabled)
           values ('city-ops', 'O', 'x', '{}', '{}', true))
insert into outside_conflict (id, system, case_id, state, target, stage, state_at, note, reason, reason_words)
select gen_random_uuid(), 'city-ops', id, state, 'closed', 'reported', now(), 'by telephone', 'both have moved it',
       '{"key": "outside.both", "values": {"stage": {"key": "case.stage.reported", "values": {}}}}'
from case_file, unnest(array['80', '90']) as told (state)"""
COUNTS = "document.getElementById('indicators-counts').textContent"
COUNTED = "document.getElementById('indicators-list').textContent"
SHARES = "document.getElementById('indicators-shares').textContent"
CHARTS = "document.getElementById('indicators-charts').textContent"
LOAD = "document.getElementById('indicators-alerts').textContent"
CAMERAS = "document.getElementById('indicators-cameras').textContent"
LEVELS = """[...document.querySelectorAll('#indicators-alerts .chart')[0].querySelectorAll('.number')]
    .map((row) => row.firstChild.textContent)"""
TOLD = "document.getElementById('indicators-told').textContent"
WRONG = "document.getElementById('indicators-wrong').textContent"
HAPPENED = "document.getElementById('timeline-items').textContent"
SMOKE = {"title": "浓烟", "level": "orange", "region": "330106001002", "id": "0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e"}
FILES = "document.getElementById('case-files').textContent"
ENTRIES = "document.querySelectorAll('#case-files li')"
PIXEL = f"[...{ENTRIES}[0].querySelector('canvas').getContext('2d').getImageData(9, 9, 1, 1).data]"
NAME = "暴露垃圾点"
BUTTON = "((text) => [...document.querySelectorAll('#case-steps button')].find((each) => each.textContent === text))"
REFUSED = "document.querySelector('#ask-form .wrong').textContent"
READINGS = "select count(*) from audit where action = 'case_attachment.read'"
SHOTS = os.environ.get("HUB_TEST_SHOTS")
"""A folder, to look at what the page shows."""


async def test_a_case_is_found_and_moved_on(database: str, browser: Callable[[], Chromium]) -> None:
    async with api_context(database) as context, client_of(context) as client, served(context) as url:
        put = await client.put("/organisations/ops", json={"name": "市容环卫所"})
        assert put.is_success, put.text
        body = {"title": "暴露垃圾", "region": "330106001002", "level": "orange", "organisation": "ops"}
        made = await client.post("/cases", json=body)
        assert made.status_code == 201, made.text
        assert (await client.post("/alerts", json=SMOKE)).status_code == 201
        transfer = {"to": "119", "who": "李警官"}
        (await client.post(f"/alerts/{SMOKE['id']}/transfer", json=transfer)).raise_for_status()
        async with context.hub_pool.connection() as conn:
            await conn.execute(CONTRADICTED.encode())

        def look() -> None:
            with browser() as page:
                page.resize(1280, 800)
                page.open(url)
                page.wait_for(f"{LINK} === 'live'", "the page follows the hub")
                page.wait_for("!document.getElementById('cases').hidden", "there is a button")
                press(page, "cases")
                page.wait_for(f"{ROWS}.includes('暴露垃圾reported')", "the case is listed")
                shot(page, "list")
                page.evaluate("document.querySelector('#case-rows button').click()")
                page.wait_for(f"{TIMELINE}.includes('report')", "and opens with its timeline")
                assert (
                    page.evaluate(STEPS)
                    == "accept classify comment merge refuse to file close as handled on the spot supervise"
                )
                page.wait_for(f"{CONFLICTS}.includes('city-ops says 80')", "what does not fit is shown")
                page.evaluate("document.querySelectorAll('#case-conflicts button')[1].click()")
                page.wait_for("document.getElementById('ask-dialog').open", "a decision asks why")
                page.evaluate("document.querySelector('#ask-form [name=note]').value = 'told by telephone'")
                page.evaluate("document.querySelector('#ask-form button[type=submit]').click()")
                page.wait_for("document.querySelectorAll('#case-conflicts li').length === 1", "one is decided")
                page.evaluate("document.querySelector('#case-steps button').click()")
                page.wait_for("document.getElementById('ask-dialog').open", "a step asks for a note")
                page.evaluate("document.querySelector('#ask-form button[type=submit]').click()")
                page.wait_for(f"{TIMELINE}.includes('accept')", "it is taken")
                page.wait_for(f"{ABOUT}.startsWith('accepted')", "and the case goes on")
                page.evaluate("document.getElementById('language').click()")
                press(page, "cases-again")
                page.wait_for(f"{ABOUT}.startsWith('受理')", "in Chinese")
                assert "上报本机" in page.evaluate(TIMELINE)
                page.wait_for(f"{CONFLICTS}.includes('以对方为准')", "what waits too")
                shot(page, "case")
                press(page, "cases-close")
                press(page, "indicators")
                page.wait_for(f"{COUNTS}.includes('受理数 1')", "the month's counts")
                page.evaluate("document.querySelectorAll('#indicators-counts button')[1].click()")
                page.wait_for(f"{COUNTED}.includes('暴露垃圾')", "a count opens its cases")
                assert page.evaluate(SHARES).startswith("立案率0.00%立案数 ÷ 受理数 · 0 / 1")
                shot(page, "indicators")
                page.wait_for(f"{CHARTS}.includes('各环节用时')", "stages as a chart")
                choose_groups(page, "organisation")
                page.wait_for(f"{CHARTS}.includes('市容环卫所')", "an organisation by its name")
                shot(page, "groups")
                press(page, "indicators-of-alerts")
                page.wait_for(f"{LOAD}.includes('产生告警 1 条')", "how alerts load people")
                assert page.evaluate(LEVELS) == ["0.00%", "100.00%", "0.00%"], "red, orange, and the others"
                shot(page, "load")
                press(page, "indicators-of-cameras")
                page.wait_for(f"{CAMERAS}.includes('在线率 = 在线时长 ÷ 应在线时长')", "rates with their formula")
                shot(page, "cameras")
                press(page, "indicators-report")
                page.wait_for(
                    f"{TOLD}.includes('pdf') || {WRONG}.includes('字体')", "a report, or that a font is missing"
                )
                press(page, "indicators-close")
                page.wait_for(
                    "document.querySelector('#alert-cards [data-desk=timeline]') !== null", "the alert is there"
                )
                page.evaluate("document.querySelector('#alert-cards [data-desk=timeline]').click()")
                page.wait_for(f"{HAPPENED}.includes('李警官')", "its timeline tells who took it over")
                assert "119" in page.evaluate(HAPPENED)
                shot(page, "timeline")
                assert page.complaints == []

        await asyncio.to_thread(look)


async def test_pictures_and_papers_are_brought_and_looked_at(database: str, browser: Callable[[], Chromium]) -> None:
    async with api_context(database) as context, client_of(context) as client, served(context) as url:
        made = await client.post("/cases", json={"title": "暴露垃圾", "region": "330106001002"})
        path = f"/cases/{made.json()['id']}/attachments"
        csv = {"content-type": "text/csv"}
        table = f"kind,code,name\nevent,01,市容\nevent,0101,{NAME}\n".encode()
        (await client.post("/case-tables/categories?name=t", content=table, headers=csv)).raise_for_status()
        sent = {"name": "现场.png"}, {"content-type": "image/png"}
        (await client.post(path, params=sent[0], content=picture(), headers=sent[1])).raise_for_status()

        def look() -> None:
            with browser() as page:
                page.resize(1280, 1000)
                page.open(url)
                page.wait_for("!document.getElementById('cases').hidden", "there is a button")
                press(page, "cases")
                page.wait_for(f"{ROWS}.includes('暴露垃圾')", "the case is listed")
                page.evaluate("document.querySelector('#case-rows button').click()")
                page.wait_for(f"{FILES}.includes('现场.png')", "the picture is named")
                page.evaluate(f"{ENTRIES}[0].querySelector('button').click()")
                page.wait_for(f"{ENTRIES}[0].querySelector('canvas') !== null", "and shown to whoever asks")
                assert page.evaluate(PIXEL) == [200, 40, 40, 255], "as it is"
                page.evaluate("document.querySelector('#case-files > button').click()")
                choose(page, "说明.txt", "text/plain")
                page.wait_for(f"{FILES}.includes('说明.txt')", "a paper is brought alone")
                assert "attach a filelocal说明.txt" in page.evaluate(TIMELINE)
                page.evaluate("document.querySelector('#case-steps button').click()")
                choose(page, "virus.exe", "application/x-msdownload")
                page.wait_for(f"{REFUSED}.includes('is not taken')", "what the gate does not take is told")
                assert page.evaluate(ABOUT).startswith("reported"), "and the step is not taken"
                page.evaluate("document.getElementById('ask-cancel').click()")
                page.evaluate("document.querySelector('#case-steps button').click()")
                choose(page, "受理单.txt", "text/plain")
                page.wait_for(f"{ABOUT}.startsWith('accepted')", "a step brings one")
                assert "受理单.txt" in page.evaluate(FILES)
                page.evaluate(f"{BUTTON}('classify').click()")
                page.wait_for("document.getElementById('ask-dialog').open", "the table is there to choose from")
                page.evaluate("document.querySelector('#ask-form [name=category]').value = 'event:0101'")
                page.evaluate("document.querySelector('#ask-form [name=level]').value = 'yellow'")
                page.evaluate("document.querySelector('#ask-form button[type=submit]').click()")
                page.wait_for(f"{ABOUT}.includes('yellow') || {ABOUT}.includes('Yellow')", "it is classified")
                assert NAME in page.evaluate(ABOUT)
                page.evaluate("document.getElementById('language').click()")
                press(page, "cases-again")
                page.wait_for(f"{FILES}.includes('添加图片或文件')", "in Chinese")
                page.evaluate(f"{ENTRIES}[0].querySelector('button').click()")
                page.wait_for(f"{ENTRIES}[0].querySelector('canvas') !== null", "the picture")
                shot(page, "files")
                assert [each for each in page.complaints if "status of 422" not in each] == [], "but the refusal"

        await asyncio.to_thread(look)
        async with context.hub_pool.connection() as conn:
            [(readings,)] = await (await conn.execute(READINGS)).fetchall()
        assert readings == 2, "each time somebody has looked, and no other"


TABLES = "document.getElementById('case-tables').textContent"
FIELD = "document.querySelector('#ask-form [name={}]').value = '{}'"
CATEGORIES = "kind,code,name\\nevent,01,市容\\nevent,0101,暴露垃圾\\n"
WRONG_ONES = "kind,code,name\\nevent,1,a\\nrain,01,b\\n"


async def test_a_table_is_imported_once_its_changes_were_seen(database: str, browser: Callable[[], Chromium]) -> None:
    async with api_context(database) as context, client_of(context) as client, served(context) as url:
        csv = {"content-type": "text/csv"}
        table = "kind,code,name\nevent,01,市容环境\nevent,02,街面秩序\n".encode()
        (await client.post("/case-tables/categories?name=2025", content=table, headers=csv)).raise_for_status()

        def look() -> None:
            with browser() as page:
                page.resize(1280, 800)
                page.open(url)
                page.wait_for("!document.getElementById('cases').hidden", "there is a button")
                page.evaluate("document.getElementById('language').click()")
                press(page, "cases")
                page.wait_for(f"{TABLES}.includes('分类表：第 1 版，2025（2 行）')", "what is in force")
                bring(page, WRONG_ONES)
                page.wait_for(f"{REFUSED}.includes('第 2 行') && {REFUSED}.includes('第 3 行')", "each wrong line")
                shot(page, "table-wrong")
                page.evaluate("document.getElementById('ask-cancel').click()")
                bring(page, CATEGORIES)
                page.wait_for(f"{TABLES}.includes('新增 1 行，修改 1 行，删除 1 行，0 行不变')", "what would change")
                assert "~ 事件 01：市容环境 → 市容" in page.evaluate(TABLES)
                shot(page, "table")
                page.evaluate("document.querySelectorAll('#case-tables button')[0].click()")
                page.wait_for(f"{TABLES}.includes('分类表：第 2 版')", "it is in force")
                page.evaluate("document.getElementById('language').click()")
                press(page, "cases-again")
                page.wait_for(f"{TABLES}.includes('Categories: version 2, 2026 (2 rows)')", "in English")
                bring(page, CATEGORIES.replace("市容", "streets"))
                page.wait_for(f"{TABLES}.includes('0 added, 1 changed, 0 removed, 1 the same')", "again")
                shot(page, "table-english")
                page.evaluate("document.querySelectorAll('#case-tables button')[1].click()")
                page.wait_for(f"{TABLES}.includes('Categories: version 2')", "who cancels changes nothing")
                bring(page, CATEGORIES.replace("市容", "streets"))
                page.wait_for(f"{TABLES}.includes('0 added, 1 changed')", "and once more")
                colleague = table + b"event,03,c\n"
                httpx.post(f"{url}/api/v1/case-tables/categories?name=c", content=colleague, headers=csv)
                page.evaluate("document.querySelectorAll('#case-tables button')[0].click()")
                page.wait_for(f"{TABLES}.includes('version 3 is in force, not 2')", "a colleague was first")
                page.wait_for(f"{TABLES}.includes('2 removed')", "what would go of theirs")
                assert [each for each in page.complaints if "status of 4" not in each] == [], "but the refusals"

        await asyncio.to_thread(look)
        assert [each["version"] for each in (await client.get("/case-tables")).json()] == [3, 2, 1]


def bring(page: Chromium, content: str) -> None:
    """A table of categories as a file, asked what it would change."""
    page.evaluate("document.querySelector('#case-tables button').click()")
    page.wait_for("document.getElementById('ask-dialog').open", "it asks for the file")
    page.evaluate(FIELD.format("name", "2026"))
    page.evaluate(f"""(() => {{
        const chosen = new DataTransfer();
        chosen.items.add(new File(['{content}'], 'table.csv', {{type: 'text/csv'}}));
        document.querySelector('#ask-form [name=files]').files = chosen.files;
        document.querySelector('#ask-form button[type=submit]').click();
    }})()""")


def choose_groups(page: Chromium, by: str) -> None:
    page.evaluate(f"""(() => {{
        const chosen = document.getElementById('indicators-by');
        chosen.value = '{by}';
        chosen.dispatchEvent(new Event('change'));
    }})()""")


def picture() -> bytes:
    """A PNG of 64 by 48 pixels in one red."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress((b"\0" + bytes((200, 40, 40)) * 64) * 48)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 48, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def choose(page: Chromium, name: str, media_type: str) -> None:
    """Choose a file of one line in the dialog that is open, and go on."""
    page.wait_for("document.getElementById('ask-dialog').open", "it is asked for")
    page.evaluate(f"""(() => {{
        const chosen = new DataTransfer();
        chosen.items.add(new File(['ok'], '{name}', {{type: '{media_type}'}}));
        document.querySelector('#ask-form [name=files]').files = chosen.files;
        document.querySelector('#ask-form button[type=submit]').click();
    }})()""")


def shot(page: Chromium, name: str) -> None:
    if SHOTS:
        page.screenshot(Path(SHOTS) / f"cases-{name}.png")
