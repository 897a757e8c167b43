-- Who was at a desk when, to the minute: the operators by whom the load of alerts is divided.
create table desk_hour (
    hour timestamptz not null,
    principal_id uuid not null references principal,
    minutes bigint not null,
    primary key (hour, principal_id)
);
comment on table desk_hour is 'The minutes of an hour in which a person was present at a desk, by an open stream and a click';
comment on column desk_hour.minutes is 'Bit n is set when presence was proven in minute n of the hour (UTC)';

create view scoped.desk_hour as
select h.* from public.desk_hour h
where exists (select from scoped.rota_member m where m.principal_id = h.principal_id)
   or exists (select from scoped.rota_substitute s where s.principal_id = h.principal_id)
   or exists (select from public.principal p where p.id = h.principal_id
                and scope_keys(p.organisation, null, '{}') && (select scoped.granted_whole()));
