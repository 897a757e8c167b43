insert into dead_letter (id, received_at, transport, address, device, reason, detail, payload, payload_size)
select * from unnest(
    %(id)s::uuid[], %(received_at)s::timestamptz[], %(transport)s::text[], %(address)s::text[], %(device)s::text[],
    %(reason)s::text[], %(detail)s::text[], %(payload)s::bytea[], %(payload_size)s::int[])
on conflict do nothing
