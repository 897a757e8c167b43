-- What a broker retains brings no news (docs/BROKERS.md): it is left out where it carries no time of its own, and counted.
create table device_no_news (
    device_id int primary key references device on delete cascade,
    retained bigint not null,            -- messages the broker had retained, of which something had no time of its own
    empty bigint not null,               -- empty messages
    address text not null,               -- topic of the last one
    last_at timestamptz not null
) with (fillfactor = 50);
comment on table device_no_news is 'Messages of each device that brought no news: retained ones without a time of their own, and empty ones';

alter table mqtt_session add column whole boolean not null default false;
alter table mqtt_session add column filters text[];
update mqtt_session set filters = '{}' where held_at is null;
alter table mqtt_session alter column filters set default '{}';
comment on column mqtt_session.whole is 'Whether its filters are for all below the prefix; false: one for each kind of topic, as those of older versions';
comment on column mqtt_session.filters is 'Topic filters that the broker has confirmed for the session, which are not asked for again; null: those of older versions';
