"""How long sealing and verifying the audit take: ./run bench audit [--rows 1000000] [--hash sm3] [--json]."""

import argparse
import asyncio
import json
import time

import psycopg

from hub.audit.chain import ALGORITHMS, Algorithm
from hub.audit.sealing import BATCH, seal
from hub.audit.verification import verify
from hub.store.pool import connect
from tests.support.stores import open_any_store

FILL = """
insert into audit (at, actor, action, subject, detail, address)
select now() - interval '1 day' + n * interval '10 milliseconds', 'principal:' || gen_random_uuid(), 'alert.step',
       gen_random_uuid()::text, jsonb_build_object('to', 'acknowledged', 'note', '已派人前往现场核实', 'actor', n),
       '10.33.' || n %% 256 || '.7'
from generate_series(1, %s) n
"""


def main() -> None:
    """Fill the audit, seal it all, verify it all; then change one entry, which must be found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--hash", choices=ALGORITHMS, default="sha256")
    parser.add_argument("--store", choices=("postgresql", "timescaledb"))
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with open_any_store(given.store, {"fsync": "off"}) as store, store.database() as url:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(FILL, [given.rows])
            conn.execute("analyze audit")
        figures = {"rows": given.rows, "hash": given.hash, "store": store.mode} | asyncio.run(_run(url, given.hash))
    if given.json:
        print(json.dumps(figures))  # noqa: T201 the bench's result
    else:
        for name, value in figures.items():
            print(f"{name:18} {value}")  # noqa: T201 the bench's result


async def _run(url: str, algorithm: Algorithm) -> dict[str, object]:
    async with await connect(url) as conn:
        began = time.monotonic()
        while await seal(conn, algorithm) == BATCH:
            pass
        seal_s = time.monotonic() - began
        await conn.execute("analyze")
        began = time.monotonic()
        found = await verify(conn)
        seconds = time.monotonic() - began
        assert found.broken == 0, found.faults
        async with conn.transaction():
            await conn.execute("set local session_replication_role = replica")
            await conn.execute("update audit set actor = 'local' where id = (select max(id) / 2 from audit)")
        return {
            "seconds": round(seconds, 2),
            "rows_per_s": round(found.rows / seconds),
            "sealed_per_s": round(found.rows / seal_s),
            "found_altered": (await verify(conn)).broken == 1,
        }


if __name__ == "__main__":
    main()
