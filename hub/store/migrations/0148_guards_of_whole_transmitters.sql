-- What systems and components of GB/T 26875 told before events named their parts (0137) was noted of the whole device: its
-- end is told at a part since, so it would last for ever.
update guard_off g set over_at = greatest(clock_timestamp(), g.since)
where g.part = '' and g.over_at is null and exists (
    select from event e
    where e.kind = g.kind and e.device_id = g.device_id and coalesce(e.part, '') = '' and least(e.ts, e.received_at) = g.since
      and e.attributes ? 'system_type');
