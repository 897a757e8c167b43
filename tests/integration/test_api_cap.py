"""Alerts as CAP over the API: a message for each change, the newest in the feed, nothing new is 304."""

import re
from xml.etree import ElementTree

from api.cap import NAMESPACE
from tests.support.served_api import api_context, change_alert, client_of, raise_alert, register

CAP, ATOM = {"": NAMESPACE}, {"": "http://www.w3.org/2005/Atom"}


def parsed(body: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(body)  # noqa: S314 the hub's own


async def test_each_change_is_a_message_that_names_those_before_it(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        alert = await raise_alert(context.hub_pool)
        first = await client.get(f"/alerts/{alert}/cap")
        assert first.headers["content-type"] == "application/cap+xml"
        assert parsed(first.content).findtext("msgType", None, CAP) == "Alert"
        await client.post(f"/alerts/{alert}/comments", json={"note": "a remark is no message"})
        await client.post(f"/alerts/{alert}/steps", json={"to": "acknowledged"})
        await change_alert(context.hub_pool, alert, "cleared")
        await client.post(f"/alerts/{alert}/steps", json={"to": "closed"})
        last = parsed((await client.get(f"/alerts/{alert}/cap")).content)
        assert last.findtext("msgType", None, CAP) == "Cancel"
        named = [each.split(",")[1] for each in (last.findtext("references", "", CAP)).split()]
        assert named[0] == f"{alert}.1"
        assert last.findtext("identifier", None, CAP) not in named
        types = []
        for each in named:
            earlier = parsed((await client.get(f"/alerts/{alert}/cap?seq={each.rpartition('.')[2]}")).content)
            assert earlier.findtext("identifier", None, CAP) == each
            sent = f"{earlier.findtext('sender', None, CAP)},{each},{earlier.findtext('sent', None, CAP)}"
            assert sent in last.findtext("references", "", CAP).split()
            types.append(earlier.findtext("msgType", None, CAP))
        assert types == ["Alert", "Update", "Update"]
        assert (await client.get(f"/alerts/{alert}/cap?seq=2")).status_code == 404, "a remark"
        assert (await client.get(f"/alerts/{alert}/cap?seq=99")).status_code == 404


async def test_a_message_is_in_both_languages_and_cut_to_the_ceiling(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        device = {"name": "Kitchen <b>&\x01", "profile": "air", "lon": 120.13, "lat": 30.27}
        await client.put("/devices/air-0", json={**device, "name": "Kitchen <b>&"})
        async with context.hub_pool.connection() as conn:
            await conn.execute("update device set name = %s where code = 'air-0'", (device["name"],))
        alert = await raise_alert(context.hub_pool)
        whole = (await client.get(f"/alerts/{alert}/cap")).content
        headlines = [each.text or "" for each in parsed(whole).iterfind(".//headline", CAP)]
        assert all("Kitchen <b>&\ufffd" in each for each in headlines), headlines
        assert len(set(headlines)) == 2
        assert b"<circle>30.270000,120.130000 0.1</circle>" in whole
        public = (await client.get(f"/alerts/{alert}/cap?ceiling=L1")).content
        assert not re.search(rb"Kitchen|air-0|circle|120\.13", public)
        assert (await client.get(f"/alerts/{alert}/cap?ceiling=L9")).status_code == 422


async def test_the_feed_has_the_newest_message_of_each_alert(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        empty = await client.get("/alerts/feed.atom")
        assert (empty.status_code, parsed(empty.content).findall("entry", ATOM)) == (200, [])
        await register(client, 2)
        first = await raise_alert(context.hub_pool)
        second = await raise_alert(context.hub_pool, "air-1")
        await change_alert(context.hub_pool, first, "cleared")
        answer = await client.get("/alerts/feed.atom")
        assert answer.headers["content-type"] == "application/atom+xml"
        entries = parsed(answer.content).findall("entry", ATOM)
        links = [entry.find("link", ATOM) for entry in entries]
        paths = [link.attrib["href"] for link in links if link is not None]
        assert paths == [f"{first}/cap?seq=2&ceiling=L4", f"{second}/cap?seq=1&ceiling=L4"]
        for path in paths:
            assert (await client.get(f"/alerts/{path}")).status_code == 200
        etag = answer.headers["etag"]
        again = await client.get("/alerts/feed.atom", headers={"If-None-Match": etag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
        await change_alert(context.hub_pool, second, "cleared")
        assert (await client.get("/alerts/feed.atom", headers={"If-None-Match": etag})).status_code == 200
