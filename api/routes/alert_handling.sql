-- name: causes
select code, result, name_en, name_zh, in_use from alert_cause order by result, code

-- name: put_cause
-- No row when it is there with another result.
insert into alert_cause as c (code, result, name_en, name_zh, in_use)
values (%(code)s, %(result)s, %(name_en)s, %(name_zh)s, %(in_use)s)
on conflict (code) do update
    set name_en = excluded.name_en, name_zh = excluded.name_zh, in_use = excluded.in_use
    where c.result = excluded.result
returning code
