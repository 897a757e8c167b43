insert into organisation (code, name)
select distinct code, code from unnest(%(codes)s::text[]) as o (code) where code is not null
on conflict do nothing
