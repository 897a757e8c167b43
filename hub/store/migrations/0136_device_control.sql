-- Control from outside (反控) of regulated monitors: off unless one person asked for it, and another approved it.
create table device_control (
    device_id int primary key references device on delete cascade,
    reason text not null check (length(reason) between 1 and 500),
    until timestamptz not null,
    asked_by text not null,
    asked_at timestamptz not null default clock_timestamp(),
    approved_by text check (approved_by <> asked_by),
    approved_at timestamptz,
    check ((approved_by is null) = (approved_at is null)),
    check (until > asked_at)
);
comment on table device_control is 'Which regulated monitors may be controlled from outside, why and until when';

create view scoped.device_control as
select c.* from public.device_control c where exists (select from scoped.device d where d.id = c.device_id);
create view cut.device_control as
select c.device_id, case when u.uncut then c.reason end as reason, c.until, c.asked_by, c.asked_at, c.approved_by,
       c.approved_at
from scoped.device_control c
join public.device d on d.id = c.device_id
cross join lateral (select cut.uncut(d.scope, d.organisation, d.code, null, null) as uncut) u;
