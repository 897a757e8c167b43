-- What operators say that codes of protocols mean, beside the tables that are shipped (docs/VOCABULARY.md).
alter table profile add column codes jsonb not null default '{}' check (jsonb_typeof(codes) = 'object');
comment on column profile.codes is 'What codes of its devices measure and mean: metrics and states by code';

create table code_table (
    protocol text not null,
    version int not null,
    body jsonb not null check (jsonb_typeof(body) = 'object'),
    at timestamptz not null default clock_timestamp(),
    changed_by text,
    revision xid8 not null default pg_current_xact_id(),
    primary key (protocol, version)
);
comment on table code_table is 'Every version of what operators say that the codes of a protocol mean; the highest one counts';
comment on column code_table.changed_by is 'Who made it, as the audit names them';

create function notify_codes() returns trigger language plpgsql as $$
begin
    perform pg_notify('ganzhi_registry', '');
    return null;
end $$;
create trigger notify_codes after insert on code_table for each statement execute function notify_codes();

create table unmapped_code (
    device_id int not null references device on delete cascade,
    protocol text not null,
    what text not null check (what in ('metric', 'state')),
    code text not null,
    count bigint not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    example text not null,
    primary key (device_id, protocol, what, code)
) with (fillfactor = 50);
comment on table unmapped_code is 'Codes that devices sent and no table knows';
comment on column unmapped_code.count is 'How often it came; what came in the last minute before a kill is not in it';
comment on column unmapped_code.example is 'The value or text that came with the last one';

create view scoped.unmapped_code as
select u.* from public.unmapped_code u where exists (select from scoped.device d where d.id = u.device_id);

create view cut.unmapped_code as
select u.device_id, u.protocol, u.what, u.code, u.count, u.first_at, u.last_at,
       case when cut.uncut(d.scope, d.organisation, d.code, null, null) then u.example else '' end as example
from scoped.unmapped_code u
join public.device d on d.id = u.device_id;
