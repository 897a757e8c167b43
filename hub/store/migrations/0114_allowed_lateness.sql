-- How far out of order the readings of a device may come and still be judged in the order of their times.
alter table profile
    add column allowed_lateness_s int not null default 0 check (allowed_lateness_s between 0 and 3600);
comment on column profile.allowed_lateness_s is
    'A reading is late if it is older, by more than that, than the newest of its series that came before it; detection '
    'and rules wait so long for readings before it';

create table reordering (
    series_id int primary key references series on delete cascade,
    until timestamptz not null,
    lateness_s int not null
) with (fillfactor = 70);

create view reordering_waiting as
select series_id, newest, ahead, judged
from (
    select w.series_id, l.ts as newest, l.ts - coalesce(l.watermark, l.ts) as ahead,
           greatest(w.until, coalesce(l.watermark, l.ts) - make_interval(secs => w.lateness_s)) as judged
    from reordering w join latest l using (series_id)
) j
where judged < newest - ahead;
comment on view reordering_waiting is
    'Series of which readings may wait: the time of the newest one, how far its clock was ahead, and how far the series is '
    'judged, by the times at which readings count';
comment on table reordering is
    'Of series whose readings wait for others before they are judged: how far they are judged. A series without a row is '
    'judged as far as it has readings';
comment on column reordering.until is 'By the times at which readings count (hub/watermark.py)';
comment on column reordering.lateness_s is
    'What is so much older than the newest reading of the series is judged as well, without being noted here';
