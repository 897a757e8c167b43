-- A process that died cannot say so: once its row has not moved for long it goes, and because nobody knows which
-- devices it alone had heard, each has its whole time again from then on.
with gone as (
    delete from listening
    where told_at < clock_timestamp() - make_interval(secs => %(forget_s)s) and isfinite(at)
    returning source
)
insert into listening (source, ears, since, at)
select '', false, clock_timestamp(), 'infinity' where exists (select from gone)
on conflict (source) do update set since = excluded.since
