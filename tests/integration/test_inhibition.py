"""Inhibition on a real store: what an alert of a pole keeps back of the devices behind it, and what it never does."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from psycopg.errors import CheckViolation

from hub.alerts.alert import Step
from hub.alerts.escalation_watch import escalate
from hub.alerts.release import release
from hub.alerts.summaries import summarise
from hub.danger import DANGER
from hub.models import AlertChange, now_micros
from hub.store.pool import connect
from tests.support.alarms import Alarms
from tests.support.served_api import api_context, client_of

SEED = """
insert into device (code, name, profile_id, region) select 'pole', 'Pole', id, '330106001002' from profile;
insert into device (code, name, profile_id, region, parent_id)
    select child, child, p.id, '330106001002', d.id
    from profile p, device d, unnest(array['lamp', 'camera']) as child where d.code = 'pole';
insert into rule (code, name, event_kind, event_level)
    select kind, kind, kind, 3
    from unnest('{power_loss,offline,fault,fire,flood,tamper,manual_alarm,gas_leak}'::text[]) as kind;
insert into consumer (code, url, secret) values ('desk', 'http://127.0.0.1:1/', '')
"""


class City(Alarms):
    """A pole with a lamp and a camera behind it."""

    client: httpx.AsyncClient
    url: str

    async def happens(
        self, device: str, kind: str, level: int = 3, alert: UUID | None = None, change: str = "raised"
    ) -> UUID:
        alert = alert or uuid4()
        [result] = await self.commit([await self.change(device, kind, alert, level, change)])
        assert result.outcome == "applied", result
        return alert

    async def change(self, device: str, kind: str, alert: UUID, level: int = 3, change: str = "raised") -> AlertChange:
        [(rule_id, device_id)] = await self.run(
            "select r.id, d.id from rule r, device d where r.code = %(kind)s and d.code = %(device)s",
            kind=kind, device=device,
        )  # fmt: skip
        target, title = f"{device}/{kind}", f"{device}: {kind}"
        return AlertChange(uuid4(), alert, change, now_micros(), rule_id, target, device_id, None, level, title)

    async def states(self, alert: UUID, code: str = "desk") -> list[str]:
        found = await self.run(
            """select o.state from outbox o join consumer c on c.id = o.consumer_id
               where o.alert_id = %(alert)s and c.code = %(code)s order by o.seq""",
            alert=alert, code=code,
        )  # fmt: skip
        return [state for (state,) in found]

    async def behind_a_gateway(self) -> None:
        """The pole, from now on."""
        await self.run(
            """insert into device (code, name, profile_id, region)
               select 'gateway', 'Gateway', profile_id, region from device where code = 'pole'"""
        )
        await self.run(
            "update device set parent_id = (select id from device where code = 'gateway') where code = 'pole'"
        )

    async def look(self) -> None:
        """As two leaders at once."""
        async with await connect(self.url) as conn, await connect(self.url) as other:
            await asyncio.gather(release(conn), release(other))


@pytest.fixture
async def city(database: str) -> AsyncIterator[City]:
    async with api_context(database) as context, client_of(context) as client:
        made = City(context.hub_pool)
        made.client, made.url = client, database
        await made.seed()
        for statement in SEED.split(";"):
            await made.run(statement)
        yield made


async def test_a_pole_without_power_keeps_back_what_follows_and_what_lasts_is_told_once_when_it_is_over(
    city: City,
) -> None:
    before = await city.happens("lamp", "fault")
    pole = await city.happens("pole", "power_loss")
    offline, passing = await city.happens("lamp", "offline"), await city.happens("camera", "offline")
    await city.happens("camera", "offline", alert=passing, change="cleared")
    elsewhere = await city.happens("gauge-1", "offline")
    await city.happens("lamp", "fault", alert=before, change="cleared")
    assert [await city.states(each) for each in (pole, elsewhere)] == [["pending"], ["pending"]]
    assert await city.states(before) == ["pending", "pending"], "who heard the beginning hears the end"
    assert await city.states(offline) == ["inhibited"]
    assert await city.states(passing) == ["inhibited", "inhibited"]
    shown = (await city.client.get(f"/alerts/{offline}")).json()
    assert shown["inhibited_by"] == shown["deliveries"][0]["inhibited_by"] == str(pole)
    tried = (await city.client.post("/routing:try", json={"alert": str(offline)})).json()["items"][0]
    assert (tried["gets"], tried["kept_back"], str(pole) in tried["reasons"][-1]) == (True, True, True)
    place = {"level": "orange", "device": "camera", "event_kind": "fault"}
    [made_up] = (await city.client.post("/routing:try", json={"place": place})).json()["items"]
    assert made_up["kept_back"] is True
    [red] = (await city.client.post("/routing:try", json={"place": place | {"level": "red"}})).json()["items"]
    assert red["kept_back"] is False
    await city.look()
    assert await city.states(offline) == ["inhibited"], "not over yet"
    await city.happens("pole", "power_loss", alert=pole, change="cleared")
    await city.look()
    assert await city.states(offline) == ["pending"]
    assert await city.states(passing) == ["given_up", "given_up"]
    assert (await city.client.get(f"/alerts/{offline}")).json()["inhibited_by"] is None


async def test_what_is_graver_than_what_it_follows_from_is_told_at_once_or_once_that_has_fallen_below_it(
    city: City,
) -> None:
    pole = await city.happens("pole", "power_loss", level=1)
    graver, equal = await city.happens("lamp", "offline"), await city.happens("camera", "offline", level=1)
    assert (await city.states(graver), await city.states(equal)) == (["pending"], ["inhibited"])
    place = {"level": "orange", "device": "camera", "event_kind": "fault"}
    [tried] = (await city.client.post("/routing:try", json={"place": place})).json()["items"]
    assert tried["kept_back"] is False
    await city.happens("camera", "offline", level=3, alert=equal, change="updated")
    assert (await city.states(equal))[-1] == "pending"

    await city.happens("pole", "power_loss", level=3, alert=pole, change="updated")
    kept = await city.happens("camera", "fault")
    await city.look()
    assert await city.states(kept) == ["inhibited"]
    await city.happens("pole", "power_loss", level=2, alert=pole, change="updated")
    await city.look()
    assert await city.states(kept) == ["pending"]


async def test_what_nobody_was_told_of_counts_with_the_level_of_what_keeps_it_back_itself(city: City) -> None:
    await city.consumer("poles", event_kind="offline")
    await city.behind_a_gateway()
    gateway = await city.happens("gateway", "power_loss")
    pole = await city.happens("pole", "offline", level=1)
    lamp = await city.happens("lamp", "offline")
    assert [await city.states(each) for each in (pole, lamp)] == [["inhibited"], ["inhibited"]]
    assert [await city.states(each, "poles") for each in (pole, lamp)] == [["pending"], ["pending"]], "blue, to them"
    await city.look()
    assert await city.states(lamp) == ["inhibited"]
    await city.happens("gateway", "power_loss", level=2, alert=gateway, change="updated")
    await city.look()
    assert [await city.states(each) for each in (pole, lamp)] == [["inhibited"], ["pending"]]
    camera = await city.happens("camera", "offline", level=2)
    assert await city.states(camera) == ["inhibited"]
    await city.happens("gateway", "power_loss", level=2, alert=gateway, change="cleared")
    for _ in range(2):
        await city.look()
    assert [await city.states(each) for each in (pole, camera)] == [["pending"], ["pending"]], "the pole's is blue"


async def test_a_rise_that_was_not_told_yet_keeps_nothing_back(city: City) -> None:
    pole = await city.happens("pole", "power_loss", level=1)
    quiet = '[{"hours": "00:00-24:00", "days": [1, 2, 3, 4, 5, 6, 7], "zone": "UTC", "max_level": 3}]'
    await city.run("update consumer set quiet = %(quiet)s", quiet=quiet)
    await city.happens("pole", "power_loss", alert=pole, change="updated")
    await city.run("update consumer set quiet = '[]'")
    assert await city.states(pole) == ["pending", "quiet"]
    lamp = await city.happens("lamp", "offline")
    assert await city.states(lamp) == ["pending"], "they know of blue"


async def test_who_was_not_told_of_the_pole_is_told_of_what_is_behind_it(city: City) -> None:
    await city.consumer("lamps", event_kind="offline")
    await city.run(
        'update consumer set grouping = \'{"after": 1, "within_s": 3600, "every_s": 3600}\' where code = \'desk\''
    )
    first = await city.happens("gauge-1", "fault")
    pole = await city.happens("pole", "power_loss")
    assert [await city.states(each) for each in (first, pole)] == [["pending"], []], "told of the pole in a summary"
    offline = await city.happens("lamp", "offline")
    assert await city.states(offline) == ["inhibited"]
    assert await city.states(offline, "lamps") == ["pending"], "nobody has told them of the pole"
    place = {"level": "orange", "device": "camera", "event_kind": "offline"}
    tried = (await city.client.post("/routing:try", json={"place": place})).json()["items"]
    assert {each["consumer"]: each["kept_back"] for each in tried} == {"desk": True, "lamps": False}
    await city.run("update consumer set grouping = null")
    dark = await city.happens("pole", "offline")
    also = await city.happens("camera", "offline")
    assert [await city.states(also, code) for code in ("desk", "lamps")] == [["inhibited"], ["inhibited"]]
    await city.run("update outbox set state = 'given_up' where alert_id = %(dark)s", dark=dark)
    await city.look()
    assert await city.states(also, "lamps") == ["pending"], "what was owed of the pole was given up"
    assert await city.states(also) == ["inhibited"], "by the other alert of the pole"
    await city.happens("pole", "power_loss", alert=pole, change="cleared")
    await city.look()
    assert [await city.states(each) for each in (offline, also)] == [["pending"], ["pending"]]


async def test_whom_the_alert_of_the_pole_has_not_reached_is_told_of_what_is_behind_it(city: City) -> None:
    pole = await city.happens("pole", "power_loss")
    offline = await city.happens("lamp", "offline")
    receipt = "update outbox set state = 'delivered', receipt = %(said)s where alert_id = %(alert)s"
    for said, state in (("waiting", "inhibited"), ("reached", "inhibited"), ("failed", "pending")):
        await city.run(receipt, said=said, alert=pole)
        await city.look()
        assert await city.states(offline) == [state], said
    await city.run('update consumer set grouping = \'{"after": 1, "within_s": 3600, "every_s": 3600}\'')
    await city.happens("gauge-1", "fault")
    await city.happens("pole", "offline")
    later = await city.happens("camera", "offline")
    await city.run("update alert_grouping set due_at = now()")
    async with city.pool.connection() as conn:
        await summarise(conn)
    receipt = "update outbox set state = 'delivered', receipt = %(said)s where until_cursor is not null"
    for said, state in (("reached", "inhibited"), ("failed", "pending")):
        await city.run(receipt, said=said)
        await city.look()
        assert await city.states(later) == [state], f"in a summary: {said}"


async def test_what_happens_in_one_batch_is_decided_from_the_gateway_on(city: City) -> None:
    await city.consumer("lamps", event_kind="offline", min_level=2)
    await city.behind_a_gateway()
    lamp, pole, gateway, fault = uuid4(), uuid4(), uuid4(), uuid4()
    happens = [("lamp", "offline", lamp, 2), ("pole", "offline", pole, 1), ("camera", "fault", fault, 3)]
    changes = [await city.change(*each) for each in [*happens, ("gateway", "power_loss", gateway, 3)]]
    assert [each.outcome for each in await city.commit(changes)] == ["applied"] * 4
    assert [await city.states(each) for each in (gateway, pole, lamp)] == [["pending"], ["inhibited"], ["inhibited"]]
    assert await city.states(fault) == ["pending"], "of the pole nothing is known but that it is offline"
    assert await city.states(lamp, "lamps") == ["pending"], "the pole is below their floor"


async def test_in_one_batch_the_level_at_its_end_counts(city: City) -> None:
    pole, lamp, camera = uuid4(), uuid4(), uuid4()
    risen = [await city.change("pole", "power_loss", pole, level) for level in (1, 3)]
    changes = [await city.change("lamp", "offline", lamp, 2), risen[0], replace(risen[1], kind="updated")]
    assert [each.outcome for each in await city.commit(changes)] == ["applied"] * 3
    assert await city.states(lamp) == ["inhibited"]
    fallen = await city.change("pole", "power_loss", pole, 1, "updated")
    await city.commit([await city.change("camera", "offline", camera, 2), fallen])
    assert await city.states(camera) == ["pending"]


async def test_a_step_of_a_chain_is_told_whatever_inhibits_its_alert(city: City) -> None:
    await city.run(
        """insert into chain (code, filter, steps, repeats, verify_within_s)
           values ('night', '{"min_level": 1}', '[{"wait_s": 60, "consumers": ["desk"]}]', 0, '{400,300,200,100}')"""
    )
    await city.happens("pole", "power_loss")
    offline = await city.happens("lamp", "offline")
    await city.run("update escalation set due_at = now() - interval '1 s'")
    async with city.pool.connection() as conn:
        assert await escalate(conn) == 2
    assert await city.states(offline) == ["inhibited", "pending"]
    await city.happens("lamp", "offline", level=2, alert=offline, change="updated")
    assert await city.states(offline) == ["inhibited", "pending", "pending"], "and so is how it goes on"


async def test_nothing_keeps_a_danger_back(city: City) -> None:
    await city.happens("pole", "power_loss")
    for kind in ("fire", "gas_leak", "manual_alarm", "flood", "tamper"):
        assert await city.states(await city.happens("lamp", kind, level=2)) == ["pending"], kind
        body = {"parent_kinds": ["power_loss"], "kinds": ["offline", kind]}
        refused = await city.client.put("/inhibitions/wrong", json=body)
        assert (refused.status_code, "a danger" in refused.text) == (422, True)
    offline = await city.happens("lamp", "offline")
    await city.happens("lamp", "offline", level=4, alert=offline, change="updated")
    assert await city.states(offline) == ["inhibited", "pending"], "red"
    for kind in DANGER:
        with pytest.raises(CheckViolation, match="danger_is_never_inhibited"):
            await city.run("update inhibition set kinds = kinds || %(kind)s::text", kind=kind)
    await city.run("alter table inhibition drop constraint danger_is_never_inhibited")
    await city.run("update inhibition set kinds = kinds || array['fire']")
    assert await city.states(await city.happens("camera", "fire", level=3)) == ["pending"], "whatever a row says"


async def test_the_rules_are_data_and_what_they_keep_back_is_looked_at_anew(city: City) -> None:
    pole = await city.happens("pole", "offline")
    offline, fault = await city.happens("lamp", "offline"), await city.happens("camera", "fault")
    assert [await city.states(each) for each in (offline, fault)] == [["inhibited"], ["pending"]]
    found = {each["code"]: each for each in (await city.client.get("/inhibitions")).json()["items"]}
    assert (list(found), found["parent-offline"]["keeps_back"]) == (["parent-offline", "parent-without-power"], 1)
    body: dict[str, Any] = {"parent_kinds": ["offline"], "parent_metrics": ["mains"], "kinds": ["fault"]}
    made = await city.client.put("/inhibitions/dark", json=body)
    assert (made.status_code, made.json()["enabled"]) == (201, True)
    assert (await city.client.put("/inhibitions/parent-offline", json=body | {"enabled": False})).status_code == 200
    await city.look()
    assert await city.states(offline) == ["pending"], "no rule keeps it back any more"
    later = await city.happens("lamp", "fault")
    assert await city.states(later) == ["inhibited"]
    [result] = await city.commit([Step(uuid4(), pole, "false_alarm", "desk", cause="test")])
    assert result.outcome == "applied"
    await city.look()
    assert await city.states(later) == ["pending"], "its alert was false"
    assert (await city.client.delete("/inhibitions/dark")).status_code == 200
    assert (await city.client.delete("/inhibitions/dark")).status_code == 404
    for wrong in (
        {"kinds": ["fault"]},
        {"parent_kinds": ["nonsense"], "kinds": ["fault"]},
        {"parent_kinds": ["fault"]},
    ):
        assert (await city.client.put("/inhibitions/wrong", json=wrong)).status_code == 422, wrong


async def test_a_drill_keeps_nothing_real_back(city: City) -> None:
    pole = await city.happens("pole", "power_loss")
    await city.run(
        """insert into drill (id, kind, name, consumers, begins_at, ends_at, made_by)
           values (%(id)s, 'exercise', 'x', '{}', now(), now() + interval '1 hour', 'test')""", id=pole,
    )  # fmt: skip
    await city.run("update alert set drill_id = %(id)s where id = %(id)s", id=pole)
    assert await city.states(await city.happens("lamp", "offline")) == ["pending"]


async def rules_on_level(city: City) -> None:
    await city.run("""update profile set metrics = '{"level": {"name": "Level"}}' where code = 'gauge'""")
    await city.run("""insert into series (device_id, metric) select id, 'level' from device on conflict do nothing""")
    for signal in ("silence", "flat", "value"):
        await city.run(
            """insert into rule (code, name, profile_id, metric, signal, direction, thresholds)
               select %(signal)s, 'x', id, 'level', %(signal)s, 'above', '{"orange": 60}' from profile""",
            signal=signal,
        )


async def measured(
    city: City, device: str, signal: str, level: int = 3, alert: UUID | None = None, change: str = "raised"
) -> UUID:
    made = await city.change(device, signal, alert or uuid4(), level, change)
    [(series,)] = await city.run("select id from series where device_id = %(id)s", id=made.device_id)
    made = replace(made, target=f"{device}/{signal}", series_id=series, value=60.0, threshold=60.0)
    [result] = await city.commit([made])
    assert result.outcome == "applied", result
    return made.alert_id


async def test_that_a_device_is_silent_is_told_once_by_whichever_is_known_first(city: City) -> None:
    await rules_on_level(city)
    silent = await measured(city, "lamp", "silence", 2)
    offline = await city.happens("lamp", "offline", 2)
    assert await city.states(silent) == ["pending"]
    assert await city.states(offline) == ["inhibited"], "its series is silent, which was told"
    await measured(city, "lamp", "silence", 3, silent, "updated")
    assert await city.states(silent) == ["pending", "pending"], "what keeps back is not kept back by what it keeps"
    fire = await city.happens("lamp", "fire")
    red = await measured(city, "camera", "silence")
    assert await city.states(fire) == ["pending"]
    assert await city.states(await city.happens("camera", "offline", level=4)) == ["pending"], "it is red"
    assert await city.states(red) == ["pending"]
    await measured(city, "lamp", "silence", 3, silent, "cleared")
    await city.look()
    assert await city.states(offline) == ["pending"], "the series is back, and the device is not"


async def test_that_a_device_and_all_its_series_are_silent_is_told_once_where_it_is_known_at_once(city: City) -> None:
    await rules_on_level(city)
    await city.run(
        """insert into series (device_id, metric)
           select id, 'm' || n from device, generate_series(1, 24) n where code = 'lamp'"""
    )
    silent = await city.change("lamp", "silence", uuid4())
    changes = [
        replace(silent, id=uuid4(), alert_id=uuid4(), target=f"{series}/silence", series_id=series, value=60.0)
        for (series,) in await city.run("select id from series where metric like 'm_%'")
    ]
    assert len(changes) == 24
    offline, fire = uuid4(), uuid4()
    changes += [await city.change("lamp", "offline", offline), await city.change("lamp", "fire", fire)]
    began = time.process_time()
    await city.commit(changes)
    assert time.process_time() - began < 4, "nothing else is told meanwhile"
    assert [await city.states(each) for each in (offline, fire)] == [["pending"], ["pending"]]
    assert [await city.states(each.alert_id) for each in changes[:24]] == [["inhibited"]] * 24


async def test_of_silence_and_offline_the_higher_level_is_told_whichever_is_first(city: City) -> None:
    await rules_on_level(city)
    blue = await measured(city, "lamp", "silence", 1)
    offline = await city.happens("lamp", "offline", 3)
    assert [await city.states(each) for each in (blue, offline)] == [["pending"], ["pending"]], "nobody knew of orange"
    low = await city.happens("camera", "offline", 1)
    silent = await measured(city, "camera", "silence", 1)
    assert [await city.states(each) for each in (low, silent)] == [["pending"], ["inhibited"]]
    await measured(city, "camera", "silence", 3, silent, "updated")
    assert await city.states(silent) == ["inhibited", "pending"], "it rose above what was told"
    first = await measured(city, "gauge-1", "silence", 3)
    behind = await city.happens("gauge-1", "offline", 2)
    await city.look()
    assert await city.states(behind) == ["inhibited"]
    await measured(city, "gauge-1", "silence", 1, first, "updated")
    await city.look()
    assert await city.states(behind) == ["pending"], "what kept it back is below it now"
    await city.look()
    assert await city.states(behind) == ["pending"]


async def test_series_of_a_device_that_is_offline_are_not_told_to_be_silent_but_all_else_is(city: City) -> None:
    await rules_on_level(city)
    assert await city.states(await measured(city, "camera", "silence")) == ["pending"], "it is not offline"
    offline = await city.happens("lamp", "offline")
    silent, flat, high = [await measured(city, "lamp", signal) for signal in ("silence", "flat", "value")]
    assert [await city.states(each) for each in (silent, flat, high)] == [["inhibited"], ["pending"], ["pending"]]
    assert (await city.client.get(f"/alerts/{silent}")).json()["inhibited_by"] == str(offline)
    await city.happens("lamp", "offline", alert=offline, change="cleared")
    await city.look()
    assert await city.states(silent) == ["pending"], "the device is back, and its series is not"
    await city.happens("gauge-1", "offline")
    assert await city.states(await measured(city, "gauge-1", "silence", level=4)) == ["pending"], "it is red"
    dark = await city.happens("pole", "offline")
    await city.run("update alert set cleared_at = now() where id = %(id)s", id=silent)
    [behind] = [await measured(city, "lamp", "silence")]
    assert await city.states(behind) == ["inhibited"], "its pole is offline"
    await city.happens("pole", "offline", alert=dark, change="cleared")
    await city.look()
    assert await city.states(behind) == ["pending"]


async def gateway(city: City, heard_ago_s: float) -> None:
    """The pole is a gateway that is online and was heard so long ago, as what is behind it was."""
    await city.run("update profile set interval_s = 300")
    await city.run(
        """insert into device_health (device_id, online, since)
           select id, true, now() - interval '1 day' from device where code = 'pole'"""
    )
    await city.run(
        """insert into device_seen (device_id, seen_at)
           select id, now() - make_interval(secs => %(ago)s) from device where code in ('pole', 'lamp', 'camera')
           on conflict (device_id) do update set seen_at = excluded.seen_at""",
        ago=heard_ago_s,
    )


async def time_passes(city: City) -> None:
    await city.run("update outbox set quiet_until = now() where state = 'quiet'")
    await city.look()


async def test_what_is_silent_behind_a_gateway_waits_until_it_is_known_whether_that_is(city: City) -> None:
    await rules_on_level(city)
    await gateway(city, 700)
    first = await measured(city, "lamp", "silence")
    assert await city.states(first) == ["quiet"], "nobody knows whether it is the gateway"
    assert await city.states(await measured(city, "gauge-1", "silence")) == ["pending"], "it has no gateway"
    assert await city.states(await city.happens("lamp", "fire")) == ["pending"]
    await measured(city, "lamp", "silence", 4, first, "updated")
    assert await city.states(first) == ["quiet", "pending"], "red waits for nothing"
    second = await measured(city, "camera", "silence")
    await time_passes(city)
    assert await city.states(second) == ["quiet"]
    dark = await city.happens("pole", "offline")
    await time_passes(city)
    assert [await city.states(each) for each in (dark, second)] == [["pending"], ["inhibited"]]
    await city.happens("pole", "offline", alert=dark, change="cleared")
    await city.run(
        "update device_seen set seen_at = now() where device_id = (select id from device where code = 'pole')"
    )
    await city.look()
    assert await city.states(second) == ["pending"], "the gateway is back, and the series is not"


@pytest.mark.parametrize(
    "known",
    [
        "update device_seen set seen_at = now() where device_id = (select id from device where code = 'camera')",
        "update alert set raised_at = raised_at - interval '10 minutes'",
        "update device_health set online = false",
        "update rule set enabled = false where code = 'offline'",
    ],
)
async def test_it_waits_no_longer_once_that_is_known_or_for_ten_minutes(city: City, known: str) -> None:
    await rules_on_level(city)
    await gateway(city, 1100)
    silent = await measured(city, "lamp", "silence")
    await time_passes(city)
    assert await city.states(silent) == ["quiet"]
    await city.run(known)
    await time_passes(city)
    assert await city.states(silent) == ["pending"]


async def test_behind_a_gateway_that_may_be_silent_for_long_it_waits_until_that_is_known(city: City) -> None:
    await rules_on_level(city)
    await gateway(city, 700)
    await city.run("update profile set offline_after_s = 1800")
    await city.run("insert into profile (code, name, interval_s) values ('part', 'Part', 60)")
    await city.run(
        "update device set profile_id = (select id from profile where code = 'part') where code in ('lamp', 'camera')"
    )
    silent = await measured(city, "lamp", "silence")
    for ago_s, state in ((900, "quiet"), (1915, "quiet"), (1925, "pending")):
        await city.run("update alert set raised_at = now() - make_interval(secs => %(ago)s)", ago=ago_s)
        await city.run("update device_seen set seen_at = now() - make_interval(secs => %(ago)s)", ago=ago_s)
        await time_passes(city)
        assert await city.states(silent) == [state], ago_s


@pytest.mark.parametrize("ends", ["is offline", "is back", "is never decided"])
async def test_behind_a_gateway_that_may_be_silent_for_a_day_each_outage_is_told_once(city: City, ends: str) -> None:
    await rules_on_level(city)
    await gateway(city, 700)
    await city.run("update profile set offline_after_s = 86400")
    lamp, camera = await measured(city, "lamp", "silence"), await measured(city, "camera", "silence")

    async def ago(seconds: float) -> None:
        for column in ("device_seen set seen_at", "alert set raised_at", "alert set changed_at"):
            await city.run(f"update {column} = now() - make_interval(secs => %(ago)s)", ago=seconds)
        await time_passes(city)

    for seconds in (3700, 86_400, 86_515):
        await ago(seconds)
        assert [await city.states(each) for each in (lamp, camera)] == [["quiet"], ["quiet"]], seconds
    assert await city.states(await city.happens("lamp", "smoke")) == ["pending"], "danger waits for nothing"
    if ends == "is offline":
        dark = await city.happens("pole", "offline")
        await city.run("update device_health set online = false")
        await time_passes(city)
        assert [await city.states(each) for each in (dark, lamp, camera)] == [["pending"], ["inhibited"], ["inhibited"]]
        await city.run("update alert set cleared_at = now() where id = %(id)s", id=camera)
        await city.happens("pole", "offline", alert=dark, change="cleared")
        await city.run("update device_health set online = true")
    if ends == "is never decided":
        await ago(86_525)
        assert [await city.states(each) for each in (lamp, camera)] == [["pending"], ["pending"]]
        return
    back = "select id from device where code in ('pole', 'camera')"
    await city.run(f"update device_seen set seen_at = now() where device_id in ({back})")
    await city.run("update alert set cleared_at = now() where id = %(id)s", id=camera)
    for _ in range(2):
        await time_passes(city)
        assert [await city.states(each) for each in (lamp, camera)] == [["pending"], ["given_up"]], "it alone, once"


async def test_a_silence_that_waited_is_told_by_its_device_being_offline(city: City) -> None:
    await rules_on_level(city)
    await gateway(city, 700)
    silent = await measured(city, "lamp", "silence")
    offline = await city.happens("lamp", "offline")
    assert [await city.states(each) for each in (silent, offline)] == [["quiet"], ["pending"]]
    await city.run("update device_seen set seen_at = now()")
    await time_passes(city)
    assert [await city.states(each) for each in (silent, offline)] == [["inhibited"], ["pending"]], "told once"


async def test_what_quiet_hours_kept_back_is_told_afterwards_without_what_follows_from_it(city: City) -> None:
    quiet = '[{"hours": "00:00-24:00", "days": [1, 2, 3, 4, 5, 6, 7], "zone": "UTC", "max_level": 3}]'
    await city.run("update consumer set quiet = %(quiet)s", quiet=quiet)
    pole, lamp = await city.happens("pole", "power_loss"), await city.happens("lamp", "offline")
    assert [await city.states(each) for each in (pole, lamp)] == [["quiet"], ["quiet"]]
    await city.run("update consumer set quiet = '[]'")
    await time_passes(city)
    assert [await city.states(each) for each in (pole, lamp)] == [["pending"], ["inhibited"]]
