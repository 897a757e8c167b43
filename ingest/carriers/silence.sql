-- name: judge
-- Those that fell silent, or are heard again or judged no more; what was told of neither is told again.
with judged as (
    select code, organisation, silent_since,
           enabled and clock_timestamp() - greatest(heard_at, %(began)s)
               > make_interval(secs => push_limit(rhythm_s, longest_s, longest_before_s, pushes)) as silent
    from push_subscription where heard_at is not null
), changed as (
    update push_subscription p
    set silent_since = case when j.silent then p.heard_at end
    from judged j
    where p.code = j.code and coalesce(j.silent, false) <> (p.silent_since is not null)
      and (p.heard_at > p.silent_since or coalesce(j.silent, false) or not p.enabled
           or push_limit(p.rhythm_s, p.longest_s, p.longest_before_s, p.pushes) is null)
    returning p.code, p.organisation, p.silent_since is not null as silent
)
select code, organisation, silent from changed
union
select j.code, j.organisation, true from judged j
where j.silent_since is not null and not exists (select from changed c where c.code = j.code)
  and not exists (select from alert a where a.target = 'subscription_silent:' || j.code and a.origin = 'hub'
                  and a.cleared_at is null)
union
select substring(a.target from 21), null, false from alert a
where a.target ^@ 'subscription_silent:' and a.origin = 'hub' and a.cleared_at is null
  and not exists (select from push_subscription p where p.code = substring(a.target from 21) and p.silent_since is not null)
  and not exists (select from changed c where c.code = substring(a.target from 21))
