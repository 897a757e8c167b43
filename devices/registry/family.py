"""One device and what hangs on it, as the ingest path knows them: a registry small enough for one question."""

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from devices.registry.registry import SQL as REGISTRY
from devices.registry.registry import Device, Registry, _profile, _zone
from hub.store.statements import statements

SQL = statements(__name__)


async def family_of(conn: AsyncConnection, code: str) -> Registry:
    """A registry with the device of a code and its children; empty when the code is not registered.

    Its arrays by series id are not filled: ranges are those of each device's profile.
    """
    registry = Registry()
    rows = await (await conn.execute(REGISTRY.registry_profiles.encode(), {"since": "0"})).fetchall()
    profiles = {row[0]: _profile(row) for row in rows}
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(SQL.tail_family.encode(), {"code": code})
        for row in await cursor.fetchall():
            profile = profiles[row["profile_id"]]
            series = zip(row["metrics"], row["ids"], strict=True)
            known = {metric: id_ for metric, id_ in series if profile.adds or metric in profile.ranges}
            first = min(known.values(), default=0)
            layout = {metric: id_ - first for metric, id_ in known.items()}
            zone = _zone(row["zone"])
            device = Device(row["id"], row["code"], row["gateway"], zone, row["active"], profile, first, layout)
            registry.devices[device.code] = device
    return registry
