-- Returns a row only when something was written.
insert into organisation (code, name) values (%(code)s, %(name)s)
on conflict (code) do update set name = excluded.name where organisation.name <> excluded.name
returning xmax = 0 as created
