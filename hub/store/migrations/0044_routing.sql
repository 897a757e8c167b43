-- Who gets an alert: a consumer has a list of filters, and may belong to an organisation.

-- Each filter is an object of the members that it limits (hub/alerts/routing.py); no filter takes nothing.
alter table consumer
    add column owner text references organisation,
    add column filters jsonb not null default '[{}]'
        check (jsonb_typeof(filters) = 'array' and jsonb_array_length(filters) <= 200);
update consumer set filters = jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
    'min_level', nullif(min_level, 1), 'region', region, 'organisation', organisation, 'category', category,
    'area', area)));
alter table consumer drop column min_level, drop column region, drop column organisation, drop column category,
    drop column area;
comment on column consumer.owner is 'It gets what this organisation may see; null: whatever its filters take';
comment on column consumer.filters is 'What it subscribes to: any of them is enough';

-- Its consumers get the alerts of the organisations below it too, and of all devices in the division in its charge.
alter table organisation
    add column parent text references organisation check (parent <> code),
    add column region text check (region ~ '^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})$');
comment on column organisation.parent is 'The organisation next above it';
comment on column organisation.region is 'The division in its charge (辖区), by its significant digits';

-- Changes with whatever routing goes by, so that it is read again only then. A random number, not a count: one that was
-- rolled back never comes again.
create table routing_revision (
    one boolean primary key default true check (one),
    revision uuid not null default gen_random_uuid()
);
insert into routing_revision default values;
comment on table routing_revision is 'The revision of what alerts are routed by';

create function routing_changed() returns trigger language plpgsql as $$
begin
    update routing_revision set revision = gen_random_uuid();
    return null;
end $$;
create trigger routing after insert or delete or update of code, enabled, owner, filters on consumer
    for each statement execute function routing_changed();
create trigger routing after insert or update or delete on area for each statement execute function routing_changed();
create trigger routing after insert or update or delete on data_share
    for each statement execute function routing_changed();
-- Not with each organisation that an import of devices makes, which may take long: until its end others would wait here.
create trigger routing_new after insert on organisation
    for each row when (new.parent is not null or new.region is not null) execute function routing_changed();
create trigger routing after update of parent, region on organisation
    for each statement execute function routing_changed();
