-- A time that no program can read would answer every question of who is on duty with an error.
delete from rota_substitute where to_at <= '1970-01-01Z' or from_at >= '2200-01-01Z';
update rota_substitute
set from_at = greatest(from_at, '1970-01-01Z'), to_at = least(to_at, '2199-12-31Z')
where from_at < '1970-01-01Z' or to_at >= '2200-01-01Z';
delete from rota_substitute where from_at >= to_at;
alter table rota_substitute add constraint rota_substitute_times
    check (from_at >= '1970-01-01Z' and to_at < '2200-01-01Z');
