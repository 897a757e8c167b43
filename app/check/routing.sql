-- name: without_outline
-- Whose filters look beyond a border that is not known, and beyond which.
select kind, code, array_agg(distinct place order by place)
from (select 'consumer' as kind, code, filters from consumer where enabled
      union all
      select 'chain', code, jsonb_build_array(filter) from chain) as told,
     jsonb_array_elements(filters) as f,
     lateral (values (f ->> 'region', f ->> 'region'), ('@' || (f ->> 'area'), f ->> 'area')) as named (key, place)
where (f ->> 'border_m')::float8 > 0 and place is not null
  and not exists (select from border b where b.key = named.key)
group by kind, code
order by kind, code

-- name: mute_chains
select code
from chain
where not exists (select from jsonb_array_elements(steps) step
                  join consumer c on step -> 'consumers' ? c.code
                  where c.enabled)
order by code

-- name: untold_cases
-- Consumers that did not take changes of cases within a day.
select c.code, count(*), max(d.at) at time zone 'UTC'
from case_delivery d
join consumer c on c.id = d.consumer_id
where d.state = 'given_up'
group by c.code
order by c.code
