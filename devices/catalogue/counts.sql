-- name: count_all
-- Counts every device again; only what differs is written. What it takes to count is what the clock says meanwhile.
with fresh as materialized (
    select coalesce(left(region, 6), '') as county, coalesce(organisation, '') as organisation, profile_id,
           count(*) as catalogued, count(*) filter (where active) as active,
           count(*) filter (where in_maintenance) as in_maintenance, count(*) filter (where online) as online,
           count(*) filter (where sound) as sound,
           coalesce(sum(expected), 0) as expected, coalesce(sum(received), 0) as received
    from catalogue_state
    group by 1, 2, 3
), gone as (
    delete from catalogue_count c
    where not exists (select from fresh f where (f.county, f.organisation, f.profile_id)
                                                = (c.county, c.organisation, c.profile_id))
), put as (
    insert into catalogue_count as c
    select * from fresh
    on conflict (county, organisation, profile_id) do update
    set catalogued = excluded.catalogued, active = excluded.active, in_maintenance = excluded.in_maintenance,
        online = excluded.online, sound = excluded.sound, expected = excluded.expected, received = excluded.received
    where (c.catalogued, c.active, c.in_maintenance, c.online, c.sound, c.expected, c.received)
          is distinct from (excluded.catalogued, excluded.active, excluded.in_maintenance, excluded.online,
                            excluded.sound, excluded.expected, excluded.received)
)
select count(*) from fresh

-- name: count_done
insert into catalogue_counted (at, took_s) values (now(), %(took_s)s)
on conflict (one) do update set at = excluded.at, took_s = excluded.took_s

-- name: counted
-- Whether a count is there that is fresh, and worth it: what is counted faster than this is counted when asked for.
-- A process that lives counts again after `rests` times as long as it took.
select at
from catalogue_counted
where took_s > %(worth_s)s and at > now() - make_interval(secs => greatest(%(fresh_s)s, 2 * %(rests)s * took_s))

-- name: counts_now
-- Counts by the first digits of the region, by organisation or by profile, of the devices themselves.
select coalesce(case %(by)s::text when 'region' then left(s.region, %(digits)s) when 'organisation' then s.organisation
                else p.code end, '') as key,
       count(*) as catalogued, count(*) filter (where active) as active,
       count(*) filter (where in_maintenance) as in_maintenance, count(*) filter (where online) as online,
       count(*) filter (where sound) as sound,
       coalesce(sum(expected), 0)::bigint as expected, coalesce(sum(received), 0)::bigint as received
from catalogue_state s
join profile p on p.id = s.profile_id
where (%(region)s::text is null or s.region like %(region)s || '%%')
  and (%(organisation)s::text is null or s.organisation = %(organisation)s)
  and (%(profiles)s::int[] is null or s.profile_id = any (%(profiles)s))
group by 1
order by 1

-- name: counts_stored
-- Counts by the first digits of the region, by organisation or by profile, of what was counted last.
select case %(by)s::text when 'region' then left(county, %(digits)s) when 'organisation' then c.organisation
       else p.code end as key,
       sum(catalogued)::bigint as catalogued, sum(active)::bigint as active,
       sum(in_maintenance)::bigint as in_maintenance, sum(online)::bigint as online, sum(sound)::bigint as sound,
       sum(expected)::bigint as expected, sum(received)::bigint as received
from catalogue_count c
join profile p on p.id = c.profile_id
where (%(region)s::text is null or county like %(region)s || '%%')
  and (%(organisation)s::text is null or c.organisation = %(organisation)s)
  and (%(profiles)s::int[] is null or c.profile_id = any (%(profiles)s))
group by 1
order by 1

-- name: names
-- What the keys of counts are called.
select k.key, case %(by)s::text
                  when 'region' then (select r.name from region r
                                      where r.code = rpad(k.key, 12, '0')
                                        and r.valid_from <= current_date and current_date < r.valid_to)
                  when 'organisation' then (select o.name from organisation o where o.code = k.key)
                  else (select p.name from profile p where p.code = k.key) end as name
from unnest(%(keys)s::text[]) as k (key)
where k.key <> ''
