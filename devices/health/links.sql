-- name: link_put
insert into device_link (device_id, at, session, counter, received, missed, resets, repeats, rssi, snr, gateway, gateways,
                         battery, margin, external_power, told_at, note, note_at)
select * from unnest(
    %(device_id)s::int[], %(at)s::timestamptz[], %(session)s::text[], %(counter)s::bigint[], %(received)s::bigint[],
    %(missed)s::bigint[], %(resets)s::int[], %(repeats)s::int[], %(rssi)s::real[], %(snr)s::real[], %(gateway)s::text[],
    %(gateways)s::int[], %(battery)s::real[], %(margin)s::real[], %(external_power)s::boolean[],
    %(told_at)s::timestamptz[], %(note)s::text[], %(note_at)s::timestamptz[])
on conflict (device_id) do update
set at = excluded.at, session = excluded.session, counter = excluded.counter, received = excluded.received,
    missed = excluded.missed, resets = excluded.resets, repeats = excluded.repeats, rssi = excluded.rssi,
    snr = excluded.snr, gateway = excluded.gateway, gateways = excluded.gateways, battery = excluded.battery,
    margin = excluded.margin, external_power = excluded.external_power, told_at = excluded.told_at, note = excluded.note,
    note_at = excluded.note_at

-- name: links
select device_id, at, session, counter, received, missed, resets, repeats, rssi, snr, gateway, gateways, battery, margin,
       external_power, told_at, note, note_at
from device_link
