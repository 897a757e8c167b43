-- A rule may be limited, beside its profile, to the devices of an organisation and of those below it, of a division, with a tag,
-- or to some devices. All that is given must hold.
alter table rule
    add column organisation text references organisation,
    add column region text check (region ~ '^[0-9]{2,12}$'),
    add column tag text check (tag <> ''),
    add column devices int[] check (cardinality(devices) between 1 and 1000);
comment on column rule.organisation is 'Only devices of this organisation and of those below it';
comment on column rule.region is 'Only devices of this division, by its significant digits';
comment on column rule.tag is 'Only devices with this tag: key, or key:value';
comment on column rule.devices is 'Only these devices, by id';

create function organisations_below(top text) returns text[] language sql stable as $$
    with recursive below (code) as (
        select top
        union
        select o.code from below join public.organisation o on o.parent = below.code
    )
    select array_agg(code order by code) from below where top is not null
$$;
comment on function organisations_below is 'An organisation and all below it; null of none';

-- One expression, so that it becomes part of the statement that asks.
create function has_tag(tags jsonb, wanted text) returns boolean language sql immutable as $$
    select case strpos(wanted, ':') when 0 then tags ? wanted
                else tags ->> split_part(wanted, ':', 1) = substr(wanted, strpos(wanted, ':') + 1) end
$$;
comment on function has_tag is 'Whether tags have a key, or key:value, where the number 7 is the text 7 too';

create function in_rule_scope(
    of_organisations text[], of_region text, of_tag text, of_devices int[], id int, organisation text, region text, tags jsonb
) returns boolean language sql immutable as $$
    select (of_organisations is null or organisation = any (of_organisations))
       and (of_region is null or starts_with(region, of_region))
       and (of_tag is null or has_tag(tags, of_tag))
       and (of_devices is null or id = any (of_devices))
$$;
comment on function in_rule_scope is 'Whether a rule that is limited so is for a device; organisations as organisations_below gives them';

-- Rules of an organisation are read again when another comes below it, or leaves: each update stamps a new revision.
create function rule_scopes_changed() returns trigger language plpgsql as $$
begin
    update public.rule set organisation = organisation where organisation is not null;
    return null;
end $$;
create trigger rule_scopes_new after insert on organisation
    for each row when (new.parent is not null) execute function rule_scopes_changed();
create trigger rule_scopes after update of parent on organisation
    for each statement execute function rule_scopes_changed();
