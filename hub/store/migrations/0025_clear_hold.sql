-- How long a value must have fallen back before a level of a threshold rule ends (docs/ALERTS.md).
alter table rule add column clear_s float8 not null default 0 check (clear_s between 0 and 86400);
