-- Where devices stand, how they live, and when they are being worked on.

-- A division that has ended names what came after it; several where it was split.
alter table region add column successors text[] not null default '{}';
alter table region add check (valid_from < valid_to);
create index on region (level, code);

-- Between from_at and to_at somebody works on the device: what it sends, or does not send, is no finding.
create table maintenance (
    id bigint generated always as identity primary key,
    device_id int not null references device,
    from_at timestamptz not null,
    to_at timestamptz not null,
    note text not null default '',
    created_at timestamptz not null default clock_timestamp(),
    check (from_at < to_at)
);
create index on maintenance (device_id, from_at);
create trigger tell after insert or update or delete on maintenance
    for each statement execute function notify_registry();

-- The life of one device is read by its code.
create index audit_subject on audit (subject, id);
create index on device (organisation);

-- How many digits of a division code say something: 2 a province, 4 a city, 6 a county, 9 a town, 12 a village.
create function region_digits(code text) returns int language sql immutable parallel safe as $$
    select case when right(code, 10) = '0000000000' then 2 when right(code, 8) = '00000000' then 4
                when right(code, 6) = '000000' then 6 when right(code, 3) = '000' then 9 else 12 end
$$;

-- Whether a device may say that it is in a division: 'current'; 'ended' for one that was; 'unknown' when its
-- sisters are loaded and it is not; 'unchecked' when there is nothing loaded to check it by.
create function region_verdict(p_code text) returns text language plpgsql stable as $$
declare
    digits int := region_digits(p_code);
    above text := left(p_code, case digits when 12 then 9 when 9 then 6 when 6 then 4 when 4 then 2 else 0 end);
begin
    if exists (select from region r where r.code = p_code and current_date >= r.valid_from
               and current_date < r.valid_to) then
        return 'current';
    elsif exists (select from region r where r.code = p_code) then
        return 'ended';
    elsif exists (select from region r where r.code between rpad(above, 12, '0') and rpad(above, 12, '9')
                  and region_digits(r.code) = digits) then
        return 'unknown';
    end if;
    return 'unchecked';
end $$;
