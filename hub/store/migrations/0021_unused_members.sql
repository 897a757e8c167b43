-- Members of a device's messages that nothing is made of (devices/unused_members.py): its diagnosis shows them.
create table device_unused (
    device_id int not null references device on delete cascade,
    name text not null,
    first_at timestamptz not null,
    last_at timestamptz not null,        -- at most an hour before it came last
    primary key (device_id, name)
) with (fillfactor = 50);
comment on table device_unused is 'Members of messages that the hub makes nothing of, by device';
