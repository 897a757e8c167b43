"""The page in a real browser: what is in the database is what a person sees, in both languages."""

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID
from xml.sax.saxutils import escape

import pytest
from psycopg.types.json import Jsonb

from api.context import Context
from hub.alerts.drills import drills
from hub.store.pool import connect
from hub.words.sentence import Sentence, written
from tests.support.chromium import Chromium, find_chromium
from tests.support.served_api import api_context, client_of, raise_alert, register, served
from tests.support.warning_samples import national

NASTY = '<img src=x onerror="document.title=1">'
CARDS = "document.querySelectorAll('.card').length"
STATE = "document.querySelector('.card .state')?.textContent"
DETAIL = "document.querySelector('#letter-rows .detail').textContent"
DRILL_CARD = "document.querySelector('.card.drill')"
WARNED = "[...document.querySelectorAll('#warning-rows b')].map((b) => b.textContent)"
LINK = "document.getElementById('link').dataset.state"


@pytest.fixture
def browser(tmp_path: Path) -> Callable[[], Chromium]:
    """Makes a browser with an empty profile."""
    program = find_chromium()
    if program is None:
        reason = "Chromium is not installed: apt-get install chromium"
        if "CI" in os.environ:
            pytest.fail(reason)
        pytest.skip(reason)
    # Without a person's click nothing is heard, but for this flag.
    return lambda: Chromium(program, tmp_path / "profile", "--lang=en", "--autoplay-policy=no-user-gesture-required")


async def seed(context: Context) -> UUID:
    """One device and three warnings with hostile names, a newest reading, one red alert and one dead letter."""
    async with client_of(context, headers={"Authorization": "Bearer key"}) as client:
        await register(client)
        (await client.put("/devices/air-0", json={"name": NASTY, "profile": "air"})).raise_for_status()
        sent = datetime.now(UTC).isoformat(" ")
        for number, level in enumerate(("Blue", "Mauve", "Red")):
            document = national(f"w-{number}", sent=sent, severity=level, headline=f"w-{number} {escape(NASTY)}")
            (await client.post("/warnings", content=document.encode())).raise_for_status()
    async with context.hub_pool.connection() as conn:
        await conn.execute("insert into latest (series_id, ts, value, quality) select id, now(), 41.75, 2 from series")
        await conn.execute(
            """insert into dead_letter (id, received_at, transport, address, device, reason, detail, detail_words,
                                        payload, payload_size)
               values (gen_random_uuid(), now(), 'mqtt', 'ganzhi/v1/' || %s, 'air-9', 'unknown_device',
                       'register air-9 first', %s, '{}', 2)""",
            [NASTY, Jsonb(written(Sentence("refusal.device.unknown", device="'air-9'", code="air-9")))],
        )
    return await raise_alert(context.hub_pool)


OVERFLOWING = """import('/assets/figures.js').then(({ showFigures }) => {
    const totals = { readings: 1234567890, series: 1, devices: 1234567, deliveries_pending: 0, dead_letters: 1000000 };
    showFigures({ rates: { readings_per_s: 1, messages_per_s: 1 }, totals });
    return [...document.querySelectorAll('.big')].filter((p) => p.scrollWidth > p.clientWidth)
        .map((p) => p.textContent);
})"""


async def test_what_a_person_sees(database: str, browser: Callable[[], Chromium]) -> None:
    async with api_context(database) as context:
        alert = await seed(context)
        async with served(context) as url:
            loop = asyncio.get_running_loop()

            def another() -> UUID:
                made = asyncio.run_coroutine_threadsafe(raise_alert(context.hub_pool, level=2, value=120), loop).result(
                    10
                )
                loop.call_soon_threadsafe(context.changes.wake)
                return made

            def exercised() -> None:
                asyncio.run_coroutine_threadsafe(exercise(context, database), loop).result(10)

            await asyncio.to_thread(look, browser, url, another, exercised)
        async with client_of(context) as client:
            taken = (await client.get(f"/alerts/{alert}")).json()
            assert (taken["state"], taken["changes"][-1]["actor"]) == ("acknowledged", "api")
            [zh] = (await client.get("/alerts", params={"min_level": "red"}, headers={"Accept-Language": "zh"})).json()[
                "items"
            ]
            assert (zh["guidance"]["respond_s"], "生态环境局" in zh["guidance"]["contacts"]) == (1800, True)


async def exercise(context: Context, database: str) -> None:
    """An exercise with a red alert begins."""
    alert = {"title": "Fire", "level": "red", "region": "330106001002"}
    ends_at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    body = {"name": "autumn", "consumers": [], "ends_at": ends_at, "alerts": [alert]}
    async with client_of(context, headers={"Authorization": "Bearer key"}) as client:
        (await client.post("/drills", json=body)).raise_for_status()
    async with await connect(database) as conn:
        await drills(())(conn)
    context.changes.wake()


def look(browser: Callable[[], Chromium], url: str, another: Callable[[], UUID], exercised: Callable[[], None]) -> None:
    with browser() as page:
        page.resize(1280, 800)
        page.open(url + "/")
        page.wait_for(f"{CARDS} === 1 && {LINK} === 'live'", "the alert is shown")
        page.wait_for("document.querySelectorAll('#warning-rows li').length === 3", "the warnings are shown")
        page.wait_for("document.querySelectorAll('#letter-rows li').length === 1", "the dead letter is shown")
        page.wait_for("document.body.innerText.includes('out of range')", "the flag of a reading is named")
        for width in (390, 1280):
            page.resize(width, 800)
            assert page.evaluate(OVERFLOWING) == [], f"numbers of a large city fit at {width} px"
        shown = page.text()
        for words in (
            "PM2.5 260 ≥ 250 (red)",
            "What is to be done · within 30 min",
            NASTY,
            "260",
            "limit 250",
            "41.75",
            "µg/m³",
            "out of range",
        ):
            assert words in shown
        for words in (
            "Active alerts",
            "Red",
            "Open",
            "Acknowledge",
            "Latest readings",
            "Unknown device",
            "register air-9",
        ):
            assert words in shown
        warned = page.evaluate(WARNED)
        assert [each[:3] for each in warned] == ["w-2", "w-0", "w-1"], "worst first"
        assert "Official warnings in force" in shown
        assert "Mauve" in shown
        assert page.evaluate("document.title") == "Ganzhi 感知"
        assert page.evaluate("document.querySelectorAll('img[src=x], script:not([src])').length") == 0

        page.evaluate("document.getElementById('language').click()")
        shown = page.text()
        for words in (
            "活动告警",
            "红色",
            "待确认",
            "确认",
            "最新读数",
            "超出量程",
            "设备未登记",
            NASTY,
            "生效中的官方预警",
            "有效至",
        ):
            assert words in shown
        assert page.evaluate("document.documentElement.lang") == "zh-CN"
        page.wait_for(f"{DETAIL}.startsWith(\"设备 'air-9' 未注册\")", "why it was refused is asked for in Chinese")
        page.wait_for("document.querySelector('.card h3').textContent.includes('红色')", "so is the title of an alert")

        another()
        page.wait_for(f"{CARDS} === 2", "the new alert comes by itself")
        assert "黄色" in page.evaluate("document.getElementById('announce').textContent")
        assert page.evaluate("[...document.querySelectorAll('.card')].map(c => c.dataset.level)") == ["red", "yellow"]

        page.evaluate("document.querySelector('.card button[data-step=acknowledged]').click()")
        page.wait_for(f"{STATE} === '已确认'", "the step was taken")
        assert page.evaluate("document.querySelector('.card button[data-step=closed]').hidden") is False
        assert page.evaluate("document.querySelector('.card button[data-step=acknowledged]').hidden") is True

        announced = page.evaluate("document.getElementById('announce').textContent")
        exercised()
        page.wait_for(f"{CARDS} === 3 && !document.getElementById('drills').hidden", "the exercise is shown")
        assert page.evaluate(f"{DRILL_CARD}?.querySelector('h3').textContent") == "【演练】Fire"
        levels = page.evaluate("[...document.querySelectorAll('.card')].map(c => c.dataset.level)")
        assert levels == ["red", "yellow", "red"], "what is real stands on top"
        assert page.evaluate("document.getElementById('drills').textContent").startswith("演练进行中")
        assert page.evaluate("document.getElementById('announce').textContent") == announced, "nobody is alarmed"

        page.open(url + "/")  # the language is remembered
        page.wait_for(f"{CARDS} === 3 && {STATE} === '已确认'", "the page is back, in Chinese")
        for width, height in ((820, 1180), (390, 844)):
            page.resize(width, height, phone=True)
            assert page.evaluate("document.documentElement.scrollWidth") == width
            assert page.evaluate("document.querySelector('h1').offsetHeight") < 30, f"one line at {width} px"
        assert page.complaints == []


async def test_page_says_when_the_hub_is_gone_and_comes_back(database: str, browser: Callable[[], Chromium]) -> None:
    banner = "document.getElementById('lost')"
    with browser() as page:
        async with api_context(database) as context:
            await seed(context)
            async with served(context) as url:
                await asyncio.to_thread(page.open, url + "/")
                live = f"{LINK} === 'live' && {CARDS} === 1 && {banner}.hidden"
                await asyncio.to_thread(page.wait_for, live, "the page is live")
        said = f"/Disconnected since \\d\\d:\\d\\d:\\d\\d/.test({banner}.textContent)"
        gone = f"{LINK} === 'down' && !{banner}.hidden && {said}"
        await asyncio.to_thread(page.wait_for, gone, "it is said over everything")
        assert "PM2.5 260 ≥ 250 (red)" in await asyncio.to_thread(page.text)
        async with api_context(database) as again, served(again, int(url.rsplit(":", 1)[1])):
            await raise_alert(again.hub_pool)
            back = f"{LINK} === 'live' && {CARDS} === 2 && {banner}.hidden"
            await asyncio.to_thread(page.wait_for, back, "it is live again, with what came meanwhile", 30)


async def test_token_is_asked_for(database: str, browser: Callable[[], Chromium]) -> None:
    async with api_context(database, token="key") as context:
        await seed(context)
        async with served(context) as url:

            def enter() -> None:
                dialog = "document.getElementById('login-dialog').open"
                give = """(token) => { document.getElementById('token').value = token;
                                       document.getElementById('token-form').requestSubmit(); }"""
                with browser() as page:
                    page.open(url + "/")
                    page.wait_for(dialog, "the page asks for the token")
                    page.evaluate(f"({give})('wrong')")
                    page.wait_for(f"{dialog} && !document.querySelector('#token-form .wrong').hidden", "it asks again")
                    page.evaluate(f"({give})('key')")
                    page.wait_for(f"!{dialog} && {CARDS} === 1", "the alert is shown")
                    assert page.evaluate("sessionStorage.getItem('ganzhi.token')") == "key"

            await asyncio.to_thread(enter)


RUNG = """window.rung = [];
OscillatorNode.prototype.start = new Proxy(OscillatorNode.prototype.start, {
    apply(start, tone, given) { window.rung.push(tone.frequency.value); return Reflect.apply(start, tone, given); },
});"""


async def test_a_new_alert_is_heard_and_a_desk_reports_one_by_hand(
    database: str, browser: Callable[[], Chromium]
) -> None:
    async with api_context(database) as context, served(context) as url:
        async with client_of(context) as client:
            await register(client)
            await client.put("/consumers/town", json={"url": "https://8.8.8.8/a", "filters": []})
            chain = {"steps": [{"wait_s": 3600, "consumers": ["town"]}]}
            (await client.put("/chains/night", json=chain)).raise_for_status()

        def desk() -> None:
            with browser() as page:
                page.open(url + "/")
                page.wait_for(f"{LINK} === 'live'", "the page is live")
                page.evaluate(RUNG)
                assert page.evaluate("document.getElementById('sound').dataset.state") in ("blocked", "on")
                page.evaluate("document.getElementById('sound').click()")
                page.wait_for("document.getElementById('sound').dataset.state === 'on'", "it may be heard")
                page.evaluate("document.getElementById('report').click()")
                fill = """(values) => { for (const [id, value] of Object.entries(values))
                    document.getElementById('report-' + id).value = value;
                    document.getElementById('report-form').requestSubmit(); }"""
                page.evaluate(f"({fill})({{what: 'A call: smoke at the market', level: 'red', region: ''}})")
                page.wait_for("!document.querySelector('#report-form .wrong').hidden", "a place is missing")
                page.evaluate(f"({fill})({{region: '330106001002'}})")
                page.wait_for(f"{CARDS} === 1 && !document.getElementById('report-dialog').open", "the alert is there")
                assert "A call: smoke at the market" in page.text()
                assert "reported" in page.text()
                assert "escalates to town in " in page.text()
                assert "330106001002" in page.text()
                page.wait_for("window.rung.length >= 5", "it is heard")

        await asyncio.to_thread(desk)
