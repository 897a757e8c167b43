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
