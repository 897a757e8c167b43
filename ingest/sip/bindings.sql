-- name: registered
insert into sip_registration (id, transport, host, port, expires_at, version, agent)
select * from unnest(%(id)s::text[], %(transport)s::text[], %(host)s::text[], %(port)s::int[],
                     %(expires_at)s::timestamptz[], %(version)s::text[], %(agent)s::text[])
on conflict (id) do update
set transport = excluded.transport, host = excluded.host, port = excluded.port, expires_at = excluded.expires_at,
    version = excluded.version, agent = excluded.agent, at = clock_timestamp(),
    since = case when sip_registration.expires_at > clock_timestamp() then sip_registration.since else clock_timestamp() end

-- name: registrations
select id, transport, host, port, expires_at, version, agent from sip_registration where expires_at > clock_timestamp()
