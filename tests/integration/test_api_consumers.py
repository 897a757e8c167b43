"""Consumers over the API: what is refused, and what is never told."""

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import httpx
import pytest

from hub.alert_settings import Alerts
from hub.limit_settings import Outgoing, Outside
from hub.settings import Kafka
from hub.store.pool import connect
from tests.support.process import eventually
from tests.support.served_api import api_context, client_of, raise_alert, register
from tests.support.webhooks import LOCAL, PLAIN, Receiver, open_webhook


async def test_consumer_may_take_alerts_of_one_organisation_and_category_only(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        brigade = {"url": "https://desk.example.org/a", "organisation": "fire-brigade", "category": "fire"}
        for body, wanted in ((brigade, ("fire-brigade", "fire")), ({"url": brigade["url"]}, (None, None))):
            await client.put("/consumers/brigade", json=body)
            found = (await client.get("/consumers/brigade")).json()
            assert (found["organisation"], found["category"]) == wanted
        organisations = (await client.get("/organisations")).json()["items"]
        assert [organisation["code"] for organisation in organisations] == ["fire-brigade"]


async def test_a_ceiling_is_set_and_never_lifted_by_leaving_it_out(database: str) -> None:
    url = "https://robot.example.org/a"
    async with api_context(database) as context, client_of(context) as client:
        for body, ceiling in (
            ({}, "L4"),
            ({"ceiling": "L1"}, "L1"),
            ({"min_level": "red"}, "L1"),
            ({"ceiling": "L3"}, "L3"),
        ):
            answer = await client.put("/consumers/robot", json={"url": url, **body})
            assert answer.json()["ceiling"] == ceiling
        assert (await client.put("/consumers/robot", json={"url": url, "ceiling": "L5"})).status_code == 422
        assert (await client.get("/consumers")).json()["items"][0]["ceiling"] == "L3"


async def test_a_robot_on_the_internet_gets_what_is_public_unless_more_is_given(database: str) -> None:
    robot = {"kind": "feishu", "url": "https://open.feishu.cn/open-apis/bot/v2/hook/t0ken"}
    desk = {"url": "https://desk.example.org/a"}
    async with api_context(database) as context, client_of(context) as client:
        for code, body, ceiling in (
            ("robot", robot, "L1"),
            ("robot", {**robot, "ceiling": "L2"}, "L2"),
            ("robot", robot, "L2"),
            ("desk", desk, "L4"),
            ("desk", robot, "L1"),
            ("desk", desk, "L1"),
        ):
            assert (await client.put(f"/consumers/{code}", json=body)).json()["ceiling"] == ceiling


async def test_a_known_service_outside_the_country_is_refused_unless_named(database: str) -> None:
    body = {"url": "https://hooks.slack.com/services/x"}
    async with api_context(database) as context, client_of(context) as client:
        answer = await client.put("/consumers/slack", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/url"
        assert 'outside = [{host = "hooks.slack.com", reason = "..."}]' in answer.json()["detail"]
    named = Outgoing(outside=(Outside(host="slack.com", reason="a drill with a partner city"),))
    async with api_context(database) as context:
        settings = context.settings.model_copy(update={"outgoing": named})
        async with client_of(replace(context, settings=settings)) as client:
            assert (await client.put("/consumers/slack", json=body)).status_code == 201


async def test_an_export_is_cut_to_its_ceiling(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        body = {"name": "Kitchen", "profile": "air", "lon": 120.13, "lat": 30.27, "tags": {"floor": "3"}}
        (await client.put("/devices/air-0", json=body)).raise_for_status()
        for path in ("/devices:export?format=csv", "/catalogue:export?format=csv", "/catalogue:export?format=geojson"):
            whole = (await client.get(path)).text
            assert all(told in whole for told in ("air-0", "Kitchen", "120.13", "floor"))
            internal = (await client.get(f"{path}&ceiling=L2")).text
            assert [told in internal for told in ("air-0", "Kitchen", "120.13", "floor")] == [True, True, False, False]
            public = (await client.get(f"{path}&ceiling=L1")).text
            assert not any(told in public for told in ("air-0", "Kitchen", "120.13", "floor"))
            assert "active" in public


async def test_secret_is_told_once(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        first = await client.put("/consumers/desk", json={"url": "https://desk.example.org/a", "min_level": "yellow"})
        assert first.status_code == 201
        secret = first.json()["secret"]
        assert secret.startswith("whsec_")
        again = await client.put("/consumers/desk", json={"url": "https://desk.example.org/b"})
        assert again.json()["secret"] is None
        assert again.json()["min_level"] == "blue"
        for path in ("/consumers", "/consumers/desk"):
            assert secret not in (await client.get(path)).text
        async with context.hub_pool.connection() as conn:
            kept = await (await conn.execute("select secret from consumer")).fetchone()
            notes = await (await conn.execute("select detail::text from audit")).fetchall()
        assert kept == (secret,)
        assert secret not in str(notes)


async def test_a_password_of_a_consumer_is_kept_apart_and_never_shown(database: str) -> None:
    url = "https://hub:s3cret%40@desk.example.org:8443/a?b=c@d"
    async with api_context(database) as context, client_of(context) as client:

        async def put(**body: Any) -> httpx.Response:
            answers.append(await client.put("/consumers/desk", json=body))
            return answers[-1]

        async def kept() -> tuple[Any, ...] | None:
            async with context.hub_pool.connection() as conn:
                return await (await conn.execute("select url, login from consumer")).fetchone()

        answers: list[httpx.Response] = []
        bare = "https://desk.example.org:8443/a?***"
        assert (await put(url=url)).status_code == 201
        assert await kept() == (bare, "hub:s3cret%40")
        answers += [await client.get("/consumers/desk"), await client.get("/consumers")]
        assert (answers[1].json()["url"], answers[1].json()["username"]) == (bare, "hub")

        # What was read can be written back: the password stays, but for another host.
        assert (await put(url=bare, username="hub", min_level="red")).status_code == 200
        assert await kept() == (bare, "hub:s3cret%40")
        moved = await put(url="https://evil.example.org:8443/", username="hub")
        assert [error["pointer"] for error in moved.json()["errors"]] == ["/password"]
        assert (await put(url="https://desk.example.org:8443/b", username="hub", password="a:s3cret/2")).is_success
        assert await kept() == ("https://desk.example.org:8443/b", "hub:a%3As3cret%2F2")
        for bad in ("https://hub:***@desk.example.org/", "https://hub:s3cret/2@desk.example.org/"):
            assert (await put(url=bad)).status_code == 422
        assert (await put(url=url, username="hub", password="s3cret")).status_code == 422
        assert (await put(url=bare, password="s3cret")).status_code == 422
        assert (await put(url=bare)).status_code == 422, "there is no query to keep"
        assert (await put(url="https://desk.example.org:8443/a?b=c@d")).status_code == 200
        assert await kept() == (bare, None)

        assert "s3cret" not in "".join(answer.text for answer in answers)
        async with context.hub_pool.connection() as conn:
            told = await (await conn.execute("select detail::text from audit where action = 'consumer.put'")).fetchall()
    assert "hub" in str(told)
    assert "s3cret" not in str(told)


async def test_an_address_that_cannot_work_is_refused_when_it_is_set(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        for lang, told in (("en", "1 to 65535"), ("zh-CN", "1 到 65535")):
            body = {"url": "http://desk.example.org:99999/"}
            answer = await client.put("/consumers/desk", json=body, headers={"accept-language": lang})
            assert answer.status_code == 422
            [error] = answer.json()["errors"]
            assert error["pointer"] == "/url"
            assert told in error["problem"]
        assert (await client.get("/consumers/desk")).status_code == 404


async def test_an_address_that_is_not_allowed_is_refused_with_the_line_to_add(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        for url, told in (
            ("http://10.1.2.3:8080/a", 'webhook = ["10.1.2.3:8080"]'),
            ("https://127.0.0.1/", 'webhook = ["127.0.0.1:443"]'),
            ("http://[::ffff:169.254.169.254]/", "never calls"),
        ):
            answer = await client.put("/consumers/desk", json={"url": url})
            assert answer.status_code == 422
            [error] = answer.json()["errors"]
            assert error["pointer"] == "/url"
            assert told in error["problem"]
        assert (await client.get("/consumers/desk")).status_code == 404


async def test_a_consumer_stays_as_it_is_while_its_deletion_cannot_be_audited(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client, await connect(database) as other:
        await client.put("/consumers/desk", json={"url": "https://desk.example.org/a"})
        await register(client)
        await raise_alert(context.hub_pool)
        async with other.transaction():
            await other.execute("lock table audit in access exclusive mode")
            refused = await client.delete("/consumers/desk")
        assert refused.status_code == 503, refused.text
        kept = (await client.get("/consumers/desk")).json()
        assert (kept["enabled"], kept["pending"]) == (True, 1)


async def test_a_consumer_is_deleted_with_what_was_for_it(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await client.put("/consumers/desk", json={"url": "https://desk.example.org/a"})
        await register(client)
        await raise_alert(context.hub_pool)
        assert (await client.get("/consumers/desk")).json()["pending"] == 1
        gone = await client.delete("/consumers/desk")
        assert (gone.status_code, gone.json()["code"]) == (200, "desk")
        assert (await client.get("/consumers/desk")).status_code == 404
        assert (await client.delete("/consumers/desk")).status_code == 404


async def test_a_consumer_has_several_filters_of_which_any_is_enough(database: str) -> None:
    night = {
        "min_level": "orange",
        "region": "330110000000",
        "days": [5, 6],
        "hours": "22:00-06:00",
        "zone": "Asia/Urumqi",
    }
    body = {"url": "https://desk.example.org/a", "filters": [night, {"event_kind": "fire", "organisation": "parks"}]}
    async with api_context(database) as context, client_of(context) as client:
        assert (await client.put("/consumers/desk", json=body)).status_code == 201
        found = (await client.get("/consumers/desk")).json()
        limits = [{name: value for name, value in each.items() if value is not None} for each in found["filters"]]
        wanted = {"min_level": "blue", "event_kind": "fire", "organisation": "parks"}
        assert limits == [{**night, "region": "330110"}, wanted]
        assert (found["min_level"], found["region"], found["organisation"]) == ("blue", None, None), "of several: none"
        assert (await client.put("/consumers/desk", json={**body, "filters": found["filters"]})).status_code == 200
        assert (await client.put("/consumers/desk", json={**body, "filters": []})).json()["filters"] == []
        one = (await client.put("/consumers/desk", json={"url": body["url"], "region": "3301"})).json()
        assert (one["region"], one["filters"][0]["region"]) == ("3301", "3301")


async def test_filters_that_cannot_be_are_refused_with_what_to_do(database: str) -> None:
    url = {"url": "https://desk.example.org/a"}
    async with api_context(database) as context, client_of(context) as client:
        for filters, said in (
            ([{}] * 10_000, "at most 200 items"),
            ([{"hours": "8-18"}], "write them like 08:00-18:00"),
            ([{"zone": "Middle/Earth"}], "is no time zone"),
            ([{"zone": "localtime"}], "is no time zone"),
            ([{"days": [8]}], "less than or equal to 7"),
            ([{"area": "nowhere"}], "there is no area 'nowhere'"),
            ([{"region": "abc"}], "division code"),
            ([{"sound": "loud"}], "extra inputs are not permitted"),
        ):
            answer = await client.put("/consumers/desk", json={**url, "filters": filters})
            assert (answer.status_code, said in answer.text) == (422, True), answer.text
        both = await client.put("/consumers/desk", json={**url, "filters": [{}], "region": "3301"})
        assert "give region in filters, or no filters: not both" in both.text
        stranger = await client.put("/consumers/desk", json={**url, "owner": "nobody"})
        assert "there is no organisation 'nobody'" in stranger.text
        assert (await client.get("/consumers")).json()["items"] == []


async def test_alerts_go_on_while_a_consumer_waits_for_a_writer_of_the_registry(database: str) -> None:
    body = {"url": "https://desk.example.org/a", "username": "hub", "filters": [{}, {"area": "basin"}]}
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        await client.put("/areas/basin", json={"name": "Basin", "divisions": ["330110"]})
        (await client.put("/consumers/desk", json={**body, "password": "s3cret", "fallback": True})).raise_for_status()
        async with context.hub_pool.connection() as importing, context.hub_pool.connection() as looking:
            async with importing.transaction():
                await importing.execute("select pg_advisory_xact_lock(hashtext('ganzhi.registry'))")
                put = asyncio.create_task(client.put("/consumers/desk", json=body), name="put")

                async def waits() -> bool:
                    assert not put.done(), put.result().text
                    cursor = await looking.execute(
                        """select exists (select from pg_locks where locktype = 'advisory' and not granted
                           and database = (select oid from pg_database where datname = current_database()))"""
                    )
                    return await cursor.fetchone() == (True,)

                await eventually(waits, "the PUT behind the import")
                async with asyncio.timeout(10):
                    await raise_alert(context.hub_pool)
            assert (await put).status_code == 200
        found = (await client.get("/consumers/desk")).json()
        assert (found["username"], found["pending"]) == ("hub", 1)


async def test_the_code_of_the_hubs_own_rounds_is_refused_in_the_callers_language(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        for lang, said in (("en", "the hub's own"), ("zh", "专用代码")):
            headers = {"accept-language": lang}
            body = {"url": "https://desk.example.org/a"}
            refused = await client.put("/consumers/ganzhi.path", json=body, headers=headers)
            assert (refused.status_code, said in refused.text) == (409, True), refused.text
        assert (await client.delete("/consumers/ganzhi.path")).status_code == 404


async def test_an_area_that_a_consumer_wants_is_not_deleted(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await client.put("/areas/basin", json={"name": "Basin", "divisions": ["330110"]})
        body = {"url": "https://desk.example.org/a", "filters": [{"region": "33"}, {"area": "basin"}]}
        assert (await client.put("/consumers/desk", json=body)).status_code == 201
        kept = await client.delete("/areas/basin")
        assert kept.status_code == 409
        assert "the consumer 'desk'" in kept.text
        await client.delete("/consumers/desk")
        assert (await client.delete("/areas/basin")).status_code == 204


async def test_organisations_have_one_above_them_and_a_division(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        for code, body in (("city", {"region": "330100000000"}), ("county", {"parent": "city"})):
            assert (await client.put(f"/organisations/{code}", json={"name": code, **body})).status_code == 201
        assert (await client.get("/organisations/city")).json()["region"] == "3301"
        circle = await client.put("/organisations/city", json={"name": "city", "parent": "county"})
        assert "no organisation is above itself" in circle.text
        unknown = await client.put("/organisations/city", json={"name": "city", "parent": "moon"})
        assert "there is no organisation 'moon'" in unknown.text
        renamed = (await client.put("/organisations/county", json={"name": "County"})).json()
        assert (renamed["name"], renamed["parent"]) == ("County", "city"), "what is left out stays"
        assert (await client.put("/organisations/county", json={"name": "C", "parent": None})).json()["parent"] is None


ROBOTS = {
    "dingtalk": ("https://oapi.dingtalk.com/robot/send?access_token=t0ken", "?***"),
    "wecom": ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=t0ken", "?***"),
    "feishu": ("https://open.feishu.cn/open-apis/bot/v2/hook/t0ken", "/hook/***"),
}


TAKEN: dict[str, Any] = {"success": {"contains": "OK"}}
MAIL: dict[str, Any] = {"sender": "hub@city.example.org", "to": ["desk@example.org"]}


async def test_who_says_no_language_gets_that_of_the_settings(database: str) -> None:
    webhook, robot = {"url": "https://desk.example.org/a"}, {"kind": "dingtalk", "url": ROBOTS["dingtalk"][0]}
    async with api_context(database) as context:
        for lang, bodies in (("zh", {"zh": webhook, "en": webhook | {"lang": "en"}}), ("en", {"en": robot})):
            settings = context.settings.model_copy(update={"alerts": Alerts.model_validate({"lang": lang})})
            async with client_of(replace(context, settings=settings)) as client:
                for told, body in bodies.items():
                    put = await client.put("/consumers/desk", json=body)
                    assert put.json()["lang"] == told, put.text


@pytest.mark.parametrize("kind", ROBOTS)
async def test_a_robot_is_kept_without_showing_its_token(database: str, kind: str) -> None:
    url, shown = ROBOTS[kind]
    async with api_context(database) as context, client_of(context) as client:
        made = await client.put("/consumers/robot", json={"kind": kind, "url": url})
        assert made.status_code == 201, made.text
        found = made.json()
        assert found["url"].endswith(shown)
        assert (found["kind"], found["settings"], found["lang"], found["secret"]) == (
            kind, {"zone": "Asia/Shanghai"}, "zh", None,
        )  # fmt: skip
        again = {"kind": kind, "url": found["url"], "settings": {"zone": "UTC"}, "min_level": "red"}
        assert (await client.put("/consumers/robot", json=again)).status_code == 200
        async with context.hub_pool.connection() as conn:
            kept = await (await conn.execute("select query, secret from consumer")).fetchone()
            told = await (await conn.execute("select detail::text from audit")).fetchall()
        assert kept is not None
        assert kept[0].endswith("t0ken")
        assert kept[1] == ""
        assert "t0ken" not in f"{made.text}{told}{(await client.get('/consumers')).text}"
        back = await client.put("/consumers/robot", json={"url": "https://desk.example.org/a"})
        assert back.json()["secret"].startswith("whsec_"), "the secret of another kind is not kept"


@pytest.mark.parametrize(
    ("body", "pointer", "told"),
    [
        ({"kind": "pager"}, "/kind", "dingtalk"),
        ({"kind": "dingtalk", "url": "https://oapi.dingtalk.com/robot/send"}, "/url", "access_token"),
        ({"kind": "feishu", "url": "https://open.feishu.cn/x"}, "/url", "/hook/"),
        ({"kind": "wecom", "secret": "abc"}, "/secret", "leave it out"),
        ({"kind": "dingtalk", "secret": "abc"}, "/secret", "SEC"),
        ({"kind": "wecom", "settings": {"zone": "Mars"}}, "/settings/zone", "Asia/Shanghai"),
        ({"kind": "mail", "settings": MAIL | {"to": ["a@b", "x y"]}}, "/settings/to/1", "desk@example.org"),
        ({"kind": "mail", "settings": {"to": ["a@b"]}}, "/settings/sender", "required"),
        ({"kind": "mail", "settings": MAIL | {"tls": "maybe"}}, "/settings/tls", "required"),
        ({"kind": "mail", "settings": MAIL, "url": "mail.example.org"}, "/url", "smtps://mail.example.org"),
        ({"kind": "mail", "settings": MAIL, "url": "smtp://10.1.2.3"}, "/url", 'mail = ["10.1.2.3:587"]'),
        ({"kind": "http"}, "/settings/success", "required"),
        ({"kind": "http", "settings": {"success": {}}}, "/settings/success", "pointer"),
        ({"kind": "http", "settings": {**TAKEN, "body": "{nothing}"}}, "/settings", "there is no field nothing"),
        ({"kind": "http", "settings": {**TAKEN, "body": '{"a": {title}}'}}, "/settings", "no JSON"),
        ({"kind": "http", "settings": {**TAKEN, "headers": {"X-Api-Key": "abc"}}}, "/settings/headers", "{secret}"),
        ({"kind": "http", "settings": {**TAKEN, "headers": {"Host": "a"}}}, "/settings/headers", "leave it out"),
        ({"kind": "http", "settings": {**TAKEN, "to": ["1 2"]}}, "/settings/to/0", "13800000000"),
        ({"kind": "http", "settings": TAKEN, "url": "https://a.example.org/?x={y}"}, "/url", "there is no field y"),
        ({"kind": "wecom", "settings": {"color": 1}}, "/settings/color", "extra"),
        ({"kind": "webhook", "settings": {"zone": "UTC"}}, "/settings/zone", "extra"),
    ],
)
async def test_each_wrong_field_of_a_kind_is_named(
    database: str, body: dict[str, Any], pointer: str, told: str
) -> None:
    urls = {kind: url for kind, (url, _) in ROBOTS.items()} | {"mail": "smtps://mail.example.org"}
    url = urls.get(body["kind"], "https://desk.example.org/a")
    async with api_context(database) as context, client_of(context) as client:
        answer = await client.put("/consumers/desk", json={"url": url, **body})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert told in answer.json()["errors"][0]["problem"]


async def test_one_that_follows_the_log_has_no_address_and_tells_how_far_it_is_behind(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        for body, pointer in (
            ({"kind": "mqtt", "url": "https://desk.example.org/a"}, "/url"),
            ({"kind": "mqtt", "secret": "whsec_x"}, "/secret"),
            ({"kind": "mqtt", "settings": {"retain": 7}}, "/settings/retain"),
            ({"kind": "kafka"}, "/kind"),
            ({"kind": "webhook"}, "/url"),
        ):
            answer = await client.put("/consumers/city", json=body)
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
        made = await client.put("/consumers/city", json={"kind": "mqtt", "settings": {"retain": True}})
        assert (made.status_code, made.json()["secret"]) == (201, None)
        await raise_alert(context.hub_pool)
        found = (await client.get("/consumers/city")).json()
        assert (found["kind"], found["url"], found["settings"], found["pending"]) == ("mqtt", "", {"retain": True}, 1)
    kafka = context.settings.model_copy(update={"kafka": Kafka(servers="127.0.0.1:9092")})
    async with api_context(database) as context, client_of(replace(context, settings=kafka)) as client:
        assert (
            await client.put("/consumers/bus", json={"kind": "kafka", "settings": {"name": "x"}})
        ).status_code == 201


async def test_what_waits_for_a_webhook_is_given_up_when_it_follows_the_log_from_now_on(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        await client.put("/consumers/city", json={"url": "https://desk.example.org/a"})
        await raise_alert(context.hub_pool)
        await client.put("/consumers/city", json={"kind": "mqtt"})
        found = (await client.get("/consumers/city")).json()
        assert (found["pending"], found["given_up"]) == (0, 1)


async def test_each_that_follows_the_log_has_a_topic_of_its_own_and_there_are_few(database: str) -> None:
    async with api_context(database) as context:
        settings = context.settings.model_copy(update={"kafka": Kafka(servers="127.0.0.1:9092")})
        async with client_of(replace(context, settings=settings)) as client:

            async def put(code: str, kind: str, **more: object) -> int:
                answer = await client.put(f"/consumers/{code}", json={"kind": kind, **more})
                said.append(answer.text)
                return answer.status_code

            said: list[str] = []
            assert [await put("city", "mqtt"), await put("city", "mqtt", enabled=False)] == [201, 200]
            assert await put("water", "mqtt") == 409
            assert "'city' is told over MQTT already" in said[-1]
            named = {"settings": {"name": "water"}}
            assert [await put("bus", "kafka"), await put("water", "kafka", **named)] == [201, 201]
            assert await put("water", "kafka") == 409
            assert "the consumer 'bus' is told in this topic" in said[-1]
            assert '"name": "water"' in json.loads(said[-1])["detail"]
            assert await put("other", "kafka", **named) == 409
            for number in range(5):
                assert await put(f"more-{number}", "kafka", settings={"name": f"more-{number}"}) == 201
            assert await put("ninth", "kafka", settings={"name": "ninth"}) == 409
            assert "8 consumers follow the alerts already" in said[-1]
            assert await put("bus", "kafka", min_level="red") == 200


async def test_what_a_webhook_was_told_is_not_told_again_when_it_follows_the_log_once_more(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        for body in ({"kind": "mqtt"}, {"url": "https://desk.example.org/a"}):
            await client.put("/consumers/city", json=body)
            await raise_alert(context.hub_pool)
        async with context.hub_pool.connection() as conn:
            await conn.execute("update outbox set state = 'delivered', settled_at = now()")
        assert (await client.get("/consumers/city")).json()["pending"] == 0
        await client.put("/consumers/city", json={"kind": "mqtt"})
        found = (await client.get("/consumers/city")).json()
        assert (found["pending"], found["delivered"]) == (0, 1)


async def test_a_test_is_sent_at_once_and_says_that_it_is_one(database: str) -> None:
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(Receiver())
        context = await stack.enter_async_context(api_context(database))
        webhook = await stack.enter_async_context(open_webhook(LOCAL, PLAIN))
        settings = context.settings.model_copy(update={"outgoing": Outgoing(webhook=("127.0.0.0/8",))})
        context = replace(context, settings=settings, channels={"webhook": webhook})
        client = await stack.enter_async_context(client_of(context))
        body = {"url": receiver.url(), "enabled": False, "lang": "zh", "ceiling": "L1"}
        assert (await client.put("/consumers/desk", json=body)).status_code == 201
        came = (await client.post("/consumers/desk:test")).json()
        assert (came["accepted"], came["said"], came["reason"]) == (True, "thank you", None)
        event = json.loads(receiver.received[0].body)
        assert event["type"] == "ganzhi.test"
        assert event["data"]["title"].startswith("【测试】")
        receiver.answer = lambda got: 401
        refused = (await client.post("/consumers/desk:test?lang=zh")).json()
        assert (refused["accepted"], refused["failure"]) == (False, "login")
        assert "要求登录" in refused["reason"]
        assert (await client.post("/consumers/nobody:test")).status_code == 404
        assert (await client.get("/consumers/desk")).json()["delivered"] == 0
