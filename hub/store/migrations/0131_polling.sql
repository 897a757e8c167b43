-- How the devices of a profile are polled as slaves of a DTU's line: the map of their registers.
alter table profile add column polling jsonb;
comment on column profile.polling is
    'How devices of the profile are polled: protocol, registers by metric, writes by command; null: they are not';
