-- name: names
-- What its profile calls what was measured or happened.
select coalesce(p.metrics -> s.metric, p.events -> r.event_kind) as names
from alert a
left join rule r on r.id = a.rule_id
left join device d on d.id = a.device_id
left join profile p on p.id = d.profile_id
left join series s on s.id = a.series_id
where a.id = %(id)s

-- name: readings
-- The lowest and highest value in 300 steps of equal length.
select to_timestamp(extract(epoch from %(from)s::timestamptz)
                    + step * extract(epoch from %(to)s::timestamptz - %(from)s::timestamptz) / 300) as ts, low, high
from (
    select least(299, floor(300 * extract(epoch from ts - %(from)s::timestamptz)
                            / extract(epoch from %(to)s::timestamptz - %(from)s::timestamptz))) as step,
           min(value) as low, max(value) as high
    from reading
    where series_id = %(series)s and ts >= %(from)s and ts < %(to)s and value <> 'NaN'
    group by 1
) steps
order by step

-- name: series
select s.id as series, s.metric, p.metrics -> s.metric ->> 'unit' as unit
from alert a
join series s on s.id = a.series_id
join device d on d.id = a.device_id
join profile p on p.id = d.profile_id
where a.id = %(id)s
