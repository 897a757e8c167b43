-- Alerts that are raised and cleared again and again: one alert stays open meanwhile.
create table rule_flap (
    rule_id int not null references rule on delete cascade,
    device_id int not null references device on delete cascade,
    series_id int references series on delete cascade,
    level smallint not null check (level between 0 and 4),
    count int not null,
    first_at timestamptz not null,
    quiet_since timestamptz,
    check ((level = 0) = (quiet_since is not null))
);
comment on table rule_flap is 'Alerts that stay open because their condition comes and goes';
comment on column rule_flap.level is 'What the condition has now, whatever its alert tells';
comment on column rule_flap.count is 'How often it came since first_at';
comment on column rule_flap.quiet_since is 'Since when it has been over; null: it is not';
create unique index on rule_flap (rule_id, device_id, coalesce(series_id, 0));
create index on rule_flap (device_id);
create index on rule_flap (series_id);
