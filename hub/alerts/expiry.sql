-- name: expire
-- Alerts that are over (cleared, and ended or never taken up), with their history and deliveries. What is still to be
-- delivered stays, and so does the last alert of a series without newer readings: rules with a hold time look back
-- for as long as a day to find out which readings they know.
with gone as (
    select a.id from alert a
    where a.updated_at < now() - make_interval(days => %(days)s)
      and a.cleared_at is not null and a.handling in ('open', 'closed', 'false_alarm', 'merged')
      and not exists (
          select from alert_change c
          left join outbox o on o.change_id = c.id and o.state = 'pending'
          left join alert_ending e on e.change_id = c.id
          where c.alert_id = a.id and (o.id is not null or e.change_id is not null)
      )
      and not exists (
          select from alert_change c
          cross join lateral unnest(c.grouped) as told (id)
          join alert_grouping g on g.consumer_id = told.id
          left join outbox s on s.consumer_id = told.id and s.until_cursor >= c.cursor and s.state = 'pending'
          where c.alert_id = a.id and (c.cursor > g.position or s.id is not null)
      )
      and not exists (select from latest l where l.series_id = a.series_id and l.ts <= a.cleared_at + interval '1 day')
    limit %(batch)s
    for update of a skip locked
), deliveries as (
    delete from outbox where change_id in (select c.id from alert_change c join gone on gone.id = c.alert_id)
), changes as (
    delete from alert_change where alert_id in (select id from gone)
)
delete from alert where id in (select id from gone)
