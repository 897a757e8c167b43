-- When clocks of cases stood still, so that their time can be counted again in another unit or by a later calendar.
alter table case_clock add column stops timestamptz[] not null default '{}';
comment on column case_clock.stops is 'When it was stopped and went on again, in turn';
comment on column case_clock.counted_s is 'Seconds before that, in its own time; null: a year without a calendar is among them';
comment on column case_clock.due_at is
    'Null while it stands still, unless it had run out; with a limit also while the calendar of a year is missing';
update case_clock k
set stops = array(
    select s.at from case_step s
    where s.case_id = k.case_id and s.kind in ('suspension_granted', 'resumed') and s.at > k.entered_at
    order by s.seq)
where k.left_at is null and (k.stopped_s > 0 or k.stopped_at is not null);

create or replace view scoped.case_clock as
select k.* from public.case_clock k where exists (select from scoped.case_file c where c.id = k.case_id);
