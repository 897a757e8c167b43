-- name: address
insert into device_address (scheme, address, device_id) values (%(scheme)s, %(address)s, %(device)s)
on conflict do nothing

-- name: ask
-- A platform that can be asked now is asked for the gaps of the last week.
update push_gap g set state = 'waits', attempts = 0, due_at = clock_timestamp()
from push_subscription p
where g.subscription = %(code)s and p.code = g.subscription and push_asked(p.api_url, p.api_secret)
  and g.state = 'open' and g.to_at > clock_timestamp() - interval '7 days'

-- name: delete
delete from push_subscription where code = %(code)s returning code

-- name: device
select id from device where code = %(code)s and state <> 'retired'

-- name: make
insert into device (code, name, profile_id, organisation, region, state)
select %(code)s, coalesce(%(name)s, %(code)s), %(profile_id)s, p.organisation, p.region, 'active'
from push_subscription p where p.code = %(subscription)s
on conflict (code) do nothing
returning id

-- name: profile
select id from profile where code = %(profile)s

-- name: put
insert into push_subscription (code, platform, name, secret, key, networks, organisation, region, profile_id, rhythm_s, enabled,
                               api_url, api_id, api_scope, api_per_s, api_secret)
values (%(code)s, %(platform)s, %(name)s, coalesce(%(secret)s, %(fresh)s), %(key)s, %(networks)s::cidr[], %(organisation)s,
        %(region)s, (select id from profile where code = %(profile)s), %(rhythm_s)s, %(enabled)s,
        %(api_url)s, %(api_id)s, %(api_scope)s, %(api_per_s)s, %(api_secret)s)
on conflict (code) do update
set platform = excluded.platform, name = excluded.name, secret = coalesce(%(secret)s, push_subscription.secret),
    key = coalesce(%(key)s, push_subscription.key), networks = excluded.networks, organisation = excluded.organisation,
    region = excluded.region, profile_id = excluded.profile_id, rhythm_s = excluded.rhythm_s, enabled = excluded.enabled,
    api_url = excluded.api_url, api_id = excluded.api_id, api_scope = excluded.api_scope, api_per_s = excluded.api_per_s,
    api_secret = case when excluded.api_url is not null then coalesce(excluded.api_secret, push_subscription.api_secret) end,
    api_error = null, api_error_words = null
returning xmax = 0 as created

-- name: region
select code from region where code = %(region)s limit 1

-- name: same_api
select from push_subscription where code = %(code)s and api_url = %(url)s and api_secret is not null

-- name: sender
select p.platform, push_scheme(p.platform) as scheme, s.imei, f.code as profile,
       (select count(*) from dead_letter l
        where l.device = s.address and l.reason = 'unknown_device' and l.transport = 'push'
          and l.address ^@ (s.subscription || '/')) as letters
from push_sender s
join push_subscription p on p.code = s.subscription
left join profile f on f.id = p.profile_id
where s.subscription = %(subscription)s and s.address = %(address)s

-- name: senders
select s.subscription, p.platform, s.address, s.imei, s.product, s.first_at, s.heard_at,
       (select count(*) from dead_letter l
        where l.device = s.address and l.reason = 'unknown_device' and l.transport = 'push'
          and l.address ^@ (s.subscription || '/')) as letters
from push_sender s
join push_subscription p on p.code = s.subscription
where s.waits
  and (%(subscription)s::text is null or s.subscription = %(subscription)s)
  and (%(after_first_at)s::timestamptz is null
       or (s.first_at, s.subscription, s.address) > (%(after_first_at)s, %(after_subscription)s, %(after_address)s))
order by s.first_at, s.subscription, s.address
limit %(limit)s

-- name: subscriptions
select p.code, p.platform, p.name, p.networks::text[] as networks, p.organisation, p.region, f.code as profile, p.rhythm_s,
       p.enabled, p.key is not null as encrypted, p.created_at, p.heard_at, p.pushes,
       push_limit(p.rhythm_s, p.longest_s, p.longest_before_s, p.pushes) as limit_s, p.silent_since,
       (select count(*) from push_sender s where s.subscription = p.code) as senders,
       (select count(*) from push_sender s where s.subscription = p.code and s.waits) as waiting,
       p.api_url, p.api_id, p.api_scope, p.api_per_s, p.api_error, p.api_error_words,
       (select count(*) from push_gap g where g.subscription = p.code and g.state = 'waits') as gaps_waiting
from push_subscription p
left join profile f on f.id = p.profile_id
where (%(code)s::text is null or p.code = %(code)s) and (%(after_code)s::text is null or p.code > %(after_code)s)
order by p.code
limit %(limit)s

-- name: whose
select d.code from device_address a join device d on d.id = a.device_id
where a.scheme = %(scheme)s and a.address = %(address)s
