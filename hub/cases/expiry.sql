-- name: expire
-- One in which others went on stays as long as they do.
delete from case_file where id in (
    select c.id from case_file c
    where c.ended_at < now() - make_interval(days => %(days)s)
      and not exists (select from case_file m where m.merged_into = c.id)
    limit %(batch)s
    for update of c skip locked)
