-- Returns a row only when something was written; what is the same already keeps its revision.
insert into profile (code, name, metrics, max_future_s)
values (%(code)s, %(name)s, %(metrics)s, %(max_future_s)s)
on conflict (code) do update
set name = excluded.name, metrics = excluded.metrics, max_future_s = excluded.max_future_s
where (profile.name, profile.metrics, profile.max_future_s)
      is distinct from (excluded.name, excluded.metrics, excluded.max_future_s)
returning xmax = 0 as created
