"""Titles of alerts over the API: in the language that the query or Accept-Language names, else as they are stored."""

from tests.support.served_api import api_context, client_of, raise_alert, register

STORED, CHINESE, ENGLISH = "PM2.5 above 250", "（红色）", "(red)"


async def test_titles_are_told_in_the_language_that_is_asked_for(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        alert = await raise_alert(context.hub_pool)
        for path in ("/alerts", f"/alerts/{alert}"):
            for header, query, told in [
                (None, None, STORED), ("fr", None, STORED), ("zh-CN,en;q=0.5", None, CHINESE), ("en", None, ENGLISH),
                ("en", "zh", CHINESE), (None, "en", ENGLISH),
            ]:  # fmt: skip
                headers = {"Accept-Language": header} if header else {}
                answer = (await client.get(path, headers=headers, params={"lang": query} if query else {})).json()
                title = answer["items"][0]["title"] if "items" in answer else answer["title"]
                assert title.endswith(told), (path, header, query)
