"""A command whose process ended between its claim and the answer of the network: told as it is, and soon."""

from devices.commands.timeouts import settle_overdue
from hub.settings import Database
from hub.store.pool import open_pool

SEED = """
insert into profile (code, name, metrics) values ('th', 'TH', '{}');
insert into device (code, name, profile_id) select 'th-1', 'TH 1', id from profile;
insert into session_holder (id, broker, at) values ('alive', false, now());
insert into command (id, device_id, name, params, actor, created_at, expires_at, taken_at, taken_by, queued_at, network)
select gen_random_uuid(), d.id, c.name, '{}', 'test', now() - interval '1 h', c.expires_at, c.taken_at, c.taken_by,
       c.queued_at, 'lora'
from device d, (values
    ('lost', now() + interval '1 day', now() - interval '2 min', 'dead', null::timestamptz),
    ('expired', now(), now() - interval '2 min', 'alive', null),
    ('waiting', now(), now() - interval '2 min', 'alive', now()),
    ('under way', now() + interval '1 day', now() - interval '2 min', 'alive', null),
    ('claimed', now() + interval '1 day', now(), 'dead', null),
    ('queued', now() + interval '1 day', now() - interval '2 min', 'dead', now())
) as c (name, expires_at, taken_at, taken_by, queued_at)
"""


async def test_what_was_lost_on_its_way_to_a_network_has_failed_and_is_told_as_unknown(database: str) -> None:
    unknown = "it is not known whether network lora has it"
    async with open_pool(Database(url=database)) as pool:
        async with pool.connection() as conn:
            await conn.execute(SEED.encode())
        assert await settle_overdue(pool) == 3
        async with pool.connection() as conn:
            rows = await (await conn.execute(b"select name, state, error from command order by name")).fetchall()
    found = {name: (state, error) for name, state, error in rows}
    assert found.pop("lost") == ("failed", unknown)
    assert found.pop("expired") == ("timed_out", unknown)
    state, error = found.pop("waiting")
    assert state == "timed_out"
    assert "it is still in its queue" in error
    assert found == dict.fromkeys(("claimed", "queued", "under way"), ("pending", None))
