-- Newest readings and events by the time at which they count: their own, but never after their arrival (hub/watermark.py).

alter table latest add column watermark timestamptz, add column top timestamptz;
comment on column latest.watermark is
    'When the reading came, if its own time is after that: what is newer than this is not late. Null: its own time';
comment on column latest.top is
    'The greatest time of any reading of the series, where a clock was ahead before the newest one. Null: that of this one';

alter table latest_note add column odd bytea;
comment on column latest_note.odd is
    'Series, times and watermarks of newest readings whose time is not the newest of their series: a clock is, or was, ahead';

-- Instead of the one by time alone: an event that was ahead is newest from its arrival on.
drop index event_kind_device_id_ts_idx;
create index event_newest_idx on event (kind, device_id, least(ts, received_at) desc);
