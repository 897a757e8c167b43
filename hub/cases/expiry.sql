-- name: expire
-- One in which others went on stays as long as they do. Waits for who changes cases, and they for it: a redraw of areas
-- holds the rows of many.
with alone as materialized (select pg_advisory_xact_lock(hashtext('ganzhi.case')))
delete from case_file where id in (
    select c.id from case_file c, alone
    where c.ended_at < now() - make_interval(days => %(days)s)
      and not exists (select from case_file m where m.merged_into = c.id)
    limit %(batch)s
    for update of c skip locked)
