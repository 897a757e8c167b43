"""Through which network a device is told of commands: the one that heard it last, while it is heard through one."""

from hub.settings import Database
from hub.store.pool import open_pool

SEED = """
insert into profile (code, name, metrics) values ('th', 'TH', '{}');
insert into device (code, name, profile_id) select 'th-1', 'TH 1', id from profile;
insert into network_listening (name, protocol, scheme, reader, connected_at)
    values ('a', 'chirpstack', 'deveui', 'test', now()), ('b', 'chirpstack', 'deveui', 'test', now());
insert into device_address (scheme, address, device_id) select 'deveui', '0101010101010101', id from device;
insert into network_sender (network, address, via, heard_at) values
    ('a', '0101010101010101', 'app', now() - interval '1 hour'), ('b', '0101010101010101', 'app', now());
"""


async def test_the_network_that_heard_it_last_is_told_and_none_once_it_is_heard_without(database: str) -> None:
    async with open_pool(Database(url=database)) as pool, pool.connection() as conn:

        async def network() -> list[str]:
            rows = await conn.execute(b"select network from device d, network_of(d.id)")
            return [name for (name,) in await rows.fetchall()]

        await conn.execute(SEED.encode())
        assert await network() == ["b"]
        await conn.execute(b"update network_sender set heard_at = now() + interval '1 second' where network = 'a'")
        assert await network() == ["a"], "it came back"
        await conn.execute(
            b"insert into device_seen (device_id, seen_at) select id, now() + interval '5 min' from device"
        )
        assert await network() == ["a"], "senders are noted every five minutes"
        await conn.execute(b"update device_seen set seen_at = now() + interval '1 hour'")
        assert await network() == [], "by now it is heard without a network"
