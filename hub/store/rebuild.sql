-- name: next
-- The view whose turn it is, until when it must be filled, which is where its policies go on, and the next range of it.
-- Only the owner of a view can fill it.
select v.view, v.done_until, v.filled_until, v.started_at is null as fresh,
       least(v.filled_until,
             greatest(v.done_until + v.width, time_bucket(v.width, v.done_until + make_interval(secs => %(range_s)s))))
           as range_end
from (
    select b.*, w.*, time_bucket(w.width, now() - 2 * w.width) as filled_until
    from rollup_rebuild b
    join (values ('reading_1h', interval '1 hour', 1), ('reading_1d', interval '1 day', 2),
                 ('reading_1m', interval '1 minute', 3)) w (name, width, place) on w.name = b.view
    where b.finished_at is null and pg_has_role((select relowner from pg_class where oid = b.view::regclass), 'usage')
) v
order by v.place
limit 1

-- name: one_at_a_time
select pg_advisory_lock(hashtext('ganzhi.rebuild'))

-- name: refresh
-- The range in one piece: the default of 10 buckets a batch, each with a commit, takes 10 s for five days of minutes that
-- are all but empty, instead of 0.08 s.
call refresh_continuous_aggregate(%(view)s::regclass, %(done_until)s::timestamptz, %(range_end)s::timestamptz,
                                  options => '{"buckets_per_batch": 0}')

-- name: advance
update rollup_rebuild
set done_until = %(range_end)s, to_at = %(filled_until)s, started_at = coalesce(started_at, now())
where view = %(view)s

-- name: finish
update rollup_rebuild set finished_at = now(), started_at = coalesce(started_at, now()), to_at = done_until
where view = %(view)s

-- name: start_policies
select alter_job(j.job_id, scheduled => true, next_start => now())
from timescaledb_information.jobs j
join timescaledb_information.continuous_aggregates a on j.hypertable_name in (a.view_name, a.materialization_hypertable_name)
where a.view_name = %(view)s and j.proc_name = 'policy_refresh_continuous_aggregate'

-- name: progress
-- No row when nothing is left to do; a view that is finished counts as wholly done.
select min(view) filter (where finished_at is null and started_at is not null) as view,
       min(started_at) as started_at,
       coalesce(100 * sum(extract(epoch from case when finished_at is null then done_until else to_at end - from_at))
                / nullif(sum(extract(epoch from greatest(to_at, done_until) - from_at)), 0), 0)::float8 as percent
from rollup_rebuild
having count(*) > count(finished_at)
