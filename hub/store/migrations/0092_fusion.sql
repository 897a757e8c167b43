-- Fusion (融合): findings close in place and time are one incident (analytics/fusion). What it holds an alert's level at
-- stands beside the alert: what its rule, or a person, said of it goes on unchanged.
create table fusion_rule (
    code text primary key check (code ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$'),
    name_en text not null,
    name_zh text not null,
    kinds text[] not null,
    metrics text[] not null,
    anchors text[] not null,
    link text not null check (link in ('near', 'parent')),
    radius_m float8 not null check (radius_m between 1 and 20000),
    within_s float8 not null check (within_s between 1 and 21600),
    sources smallint not null check (sources between 2 and 1000),
    share float8 not null check (share between 0 and 1),
    raise_to smallint check (raise_to between 1 and 4),
    raise_sources smallint check (raise_sources between 2 and 1000),
    lower_to smallint check (lower_to between 1 and 3),
    consequences text[] not null,
    enabled boolean not null default true,
    changed_at timestamptz not null default clock_timestamp(),
    check (cardinality(kinds) + cardinality(metrics) between 1 and 50),
    constraint fusion_only_consequences_wait check (consequences <@ array['offline', 'fault', 'video_loss']),
    constraint fusion_never_lowers_danger check (lower_to is null or (metrics = '{}' and raise_to is null and link = 'near'
        and not kinds && array[
            'fire', 'smoke', 'heat', 'gas_leak', 'flood', 'water_immersion', 'leakage_current', 'manual_alarm', 'tamper',
            'crowd', 'intrusion', 'line_crossing', 'tilt', 'cover_open', 'other']))
);
comment on table fusion_rule is 'Which findings close to each other are one incident, and what follows from that';
comment on column fusion_rule.anchors is 'Kinds or metrics of which one at least must be there; none: any will do';
comment on column fusion_rule.link is 'near: by distance; parent: by the gateway or pole that devices hang on';
comment on column fusion_rule.within_s is 'Between the beginnings of two findings that belong together';
comment on column fusion_rule.sources is 'How many different things must have found something';
comment on column fusion_rule.share is 'Of the devices that hang on one gateway, how many must have; 0: whatever their number';
comment on column fusion_rule.raise_to is 'To which level the leading alert is raised once there are raise_sources';
comment on column fusion_rule.lower_to is 'To which level a finding is lowered that stays alone though others could have seen it';
comment on column fusion_rule.consequences is 'Kinds that follow from such an incident, and are not told singly';
insert into fusion_rule (code, name_en, name_zh, kinds, metrics, anchors, link, radius_m, within_s, sources, share, raise_to,
                         raise_sources, lower_to, consequences, enabled) values
    ('fire-evidence', 'Fire seen by several', '多源火情', '{fire,smoke,heat,manual_alarm,power_loss}', '{}',
     '{fire,smoke,heat}', 'near', 200, 300, 2, 0, 4, 3, null, '{offline,fault,video_loss}', true),
    ('gas-evidence', 'Gas found by several', '多源燃气泄漏', '{gas_leak}', '{}', '{}', 'near', 200, 600, 2, 0, 4, 2, null,
     '{offline,fault,video_loss}', true),
    ('water-rising', 'Water rising at several places', '多点积水上涨', '{flood,water_immersion}', '{level,depth}',
     '{}', 'near', 1500, 1800, 3, 0, 3, 3, null, '{offline,fault,video_loss}', true),
    ('gateway-silent', 'What hangs on one gateway is silent', '同一网关下设备失联', '{offline,power_loss}', '{}', '{}',
     'parent', 1, 300, 3, 0.5, null, null, null, '{offline,fault,video_loss}', true),
    ('object-alone', 'An object that one camera alone has seen', '单点物品遗留', '{object_left,object_removed}', '{}', '{}',
     'near', 100, 300, 2, 0, null, null, 1, '{}', false);

create table fusion_position (
    one boolean primary key default true check (one),
    cursor bigint not null
);
comment on table fusion_position is 'The last change of an alert that fusion has seen';
insert into fusion_position (cursor) select coalesce(max(cursor), 0) from alert_change;

create table incident (
    id uuid primary key,
    rule text not null,  -- no reference: it outlives the rule
    lead uuid not null,
    merged_into uuid,
    link text not null check (link in ('near', 'parent')),
    within_s float8 not null,
    radius_m float8 not null,
    parent_id int,
    lon float8,
    lat float8,
    reach_m float8 not null,
    first_at timestamptz not null,
    consequences text[] not null,
    made_at timestamptz not null default clock_timestamp()
);
comment on table incident is 'Findings that have one cause; its place, level and state are those of its alerts';
comment on column incident.lead is 'The alert that leads it';
comment on column incident.merged_into is 'The incident that it turned out to be';
comment on column incident.radius_m is 'Of its rule as it was';
comment on column incident.parent_id is 'The gateway or pole that its devices hang on; no reference: it outlives that';
comment on column incident.reach_m is 'How far its farthest alert is from lon, lat';
comment on column incident.first_at is 'When the first of its alerts began';
comment on column incident.consequences is 'Kinds that follow from it, and are not told singly';
create index on incident (made_at desc, id);
create index on incident (lead);

create table incident_member (
    alert_id uuid primary key references alert on delete cascade,
    incident_id uuid not null references incident on delete cascade,
    joined_at timestamptz not null default clock_timestamp(),
    separated_at timestamptz
);
comment on table incident_member is 'Which alert is in which incident: in one at most';
comment on column incident_member.separated_at is 'When a person took it out: it joins none any more';
create index on incident_member (incident_id);

create table alert_fused (
    alert_id uuid primary key references alert on delete cascade,
    own_level smallint not null check (own_level between 1 and 4),
    own_peak smallint not null check (own_peak between 1 and 4),
    floor smallint check (floor between 1 and 4),
    ceiling smallint check (ceiling between 1 and 3)
);
comment on table alert_fused is 'What fusion holds the level of an alert at';
comment on column alert_fused.own_level is 'What its rule, or a person, says';
comment on column alert_fused.floor is 'The level is this at least, while the alert lasts';
comment on column alert_fused.ceiling is 'The level is this at most, until its own level rises or it is corroborated';

create function fusion_lowers_no_danger() returns trigger language plpgsql as $$
declare
    found text;
begin
    select coalesce(r.event_kind, a.event_kind, '') into found
    from public.alert a left join public.rule r on r.id = a.rule_id where a.id = new.alert_id;
    if found not in ('object_left', 'object_removed', 'occlusion', 'video_loss', 'video_quality', 'door_open', 'power_loss',
                     'fault', 'offline') then
        raise exception 'alert % is of %: fusion never lowers it', new.alert_id, found using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger fusion_lowers_no_danger before insert or update on alert_fused for each row
    when (new.ceiling is not null) execute function fusion_lowers_no_danger();

alter table alert_change
    drop constraint alert_change_kind,
    add constraint alert_change_kind check (kind in
        ('raised', 'updated', 'cleared', 'acknowledged', 'dispatched', 'handled', 'verified', 'closed', 'false_alarm',
         'merged', 'reopened', 'commented', 'attached', 'assigned', 'shelved', 'unshelved', 'escalated', 'checked',
         'transferred', 'arrived', 'reported_back', 'joined', 'separated'));

-- The alerts that lead incidents which an alert of a device follows from, the oldest first. What began within a day; only
-- what is older keeps back, so that no two keep back each other.
create function incident_leads(p_alert uuid, p_device int, p_kind text, p_at timestamptz) returns uuid[]
language sql stable parallel safe as $$
    select array_agg(lead.id order by lead.raised_at, lead.id)
    from public.incident i
    join public.alert lead on lead.id = i.lead
    join public.alert self on self.id = p_alert and (lead.raised_at, lead.id) < (self.raised_at, self.id)
    join public.device d on d.id = p_device
    where i.made_at > now() - interval '1 day' and i.merged_into is null and p_kind = any (i.consequences)
      and lead.cleared_at is null and lead.handling not in ('closed', 'false_alarm', 'merged')
      and p_at >= i.first_at - make_interval(secs => i.within_s)
      and case when i.link = 'parent' then i.parent_id in (d.id, d.parent_id)
               else 111195 * sqrt(power((d.lon - i.lon) * cos(radians((d.lat + i.lat) / 2)), 2) + power(d.lat - i.lat, 2))
                    <= i.reach_m + i.radius_m end
$$;
comment on function incident_leads is 'The leading alerts of incidents from which an alert of a kind at a device follows';

create view scoped.incident_member as
select m.* from public.incident_member m where exists (select from scoped.alert a where a.id = m.alert_id);
create view scoped.incident as
select i.* from public.incident i
where exists (select from scoped.incident_member m where m.incident_id = i.id and m.separated_at is null);
create view scoped.alert_fused as
select f.* from public.alert_fused f where exists (select from scoped.alert a where a.id = f.alert_id);
