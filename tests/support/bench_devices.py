"""The devices that loads speak for: registering them, and comparing what was stored with what was sent."""

import psycopg

from tests.support.transports import DEVICES

METRICS = 4


def register(url: str, devices: int = DEVICES, detecting: bool = True) -> None:
    """Devices of one profile with a rule on each series, and the device `probe`; into a fresh database.

    Detectors watch their metrics unless `detecting` says not.
    """
    with psycopg.connect(url) as conn:
        conn.execute(
            "insert into profile (code, name, metrics) select 'bench', 'bench',"
            " jsonb_object_agg('m' || m, jsonb_build_object('detect', %s::bool))"
            f" from generate_series(0, {METRICS - 1}) m",
            (detecting,),
        )
        conn.execute(
            "insert into device (code, name, profile_id)"
            " select format('bench-%s', lpad(n::text, 5, '0')), 'bench', p.id"
            f" from profile p, generate_series(0, {devices - 1}) n order by n"
        )
        conn.execute("insert into profile (code, name, metrics) values ('probe', 'probe', '{\"p\": {}}')")
        conn.execute(
            "insert into device (code, name, profile_id) select 'probe', 'probe', id from profile where code = 'probe'"
        )
        conn.execute(
            "insert into rule (code, name, profile_id, metric, direction, thresholds)"
            " select 'bench-' || m, 'bench', p.id,"
            " 'm' || m, 'above', '{\"red\": 1e12}' from profile p,"
            f" generate_series(0, {METRICS - 1}) m where p.code = 'bench'"
        )


def read_back(url: str, devices: int = DEVICES) -> tuple[int, int, list[float]]:
    """Rows of the load; how many of them are just what was sent (value = index + 0.5); latencies of probes in ms.

    The n-th device has the readings of the indexes that leave n when both are divided by `devices`.
    """
    with psycopg.connect(url) as conn:
        row = conn.execute(
            "select count(*), count(*) filter (where (r.value - 0.5)::int8 %% %s"
            " = (d.id - (select min(id) from device)) %% %s)"
            " from reading r join series s on s.id = r.series_id join device d on d.id = s.device_id"
            " where s.metric <> 'p'",
            (devices, devices),
        ).fetchone()
        assert row is not None
        probes = conn.execute(
            "select (extract(epoch from pg_xact_commit_timestamp(r.xmin)) - r.value) * 1000 from reading r"
            " join series s on s.id = r.series_id where s.metric = 'p'"
        ).fetchall()
    return int(row[0]), int(row[1]), [float(probe[0]) for probe in probes]
