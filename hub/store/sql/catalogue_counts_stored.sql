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
