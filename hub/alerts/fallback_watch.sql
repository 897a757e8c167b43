-- name: due
select 1 from alert_fallback where due_at <= now() limit 1

-- name: fall
-- Decides what is due, once; without a fallback consumer what nobody has stays due for a day. Somebody has an alert
-- when a consumer has accepted it since it was red, and the receipt has come where one is expected, or a person has taken
-- it up.
with due as (
    select f.alert_id, f.seq,
           f.due_at < now() - interval '1 day' or exists (
               select from alert_change c
               join principal p on p.id = c.principal and p.kind = 'person'
               where c.alert_id = f.alert_id and c.seq >= f.seq and c.kind = any (%(taken_up)s::text[])) or exists (
               select from alert_change c join outbox o on o.change_id = c.id
               where c.alert_id = f.alert_id and c.seq >= f.seq and o.state = 'delivered'
                 and (o.receipt is null or o.receipt = 'reached')) as had,
           exists (
               select from alert_change c
               where c.alert_id = f.alert_id and c.seq >= f.seq and cardinality(c.recipients) > 0) as sent
    from alert_fallback f
    where f.due_at <= now()
    order by f.due_at
    limit %(limit)s
    for update of f
), fallback as (
    select id from consumer where fallback
), decided as (
    update alert_fallback f
    set due_at = null, why = case when due.had then null when due.sent then 'unaccepted' else 'unmatched' end
    from due
    where f.alert_id = due.alert_id and (due.had or exists (select from fallback))
    returning f.alert_id, f.seq, f.why
), told as (
    insert into alert_told as t (alert_id, consumers)
    select decided.alert_id, array[fallback.id] from decided cross join fallback where decided.why is not null
    on conflict (alert_id) do update set consumers = t.consumers || excluded.consumers
    where not t.consumers @> excluded.consumers
)
insert into outbox (change_id, alert_id, seq, consumer_id, why)
select c.id, c.alert_id, c.seq, fallback.id, decided.why
from decided
join alert_change c on c.alert_id = decided.alert_id and c.seq >= decided.seq
cross join fallback
where decided.why is not null and c.kind <> all (%(records)s::text[])
  and fallback.id <> all (coalesce(c.grouped, '{}'))
order by c.cursor
on conflict (consumer_id, alert_id, seq) do nothing
returning alert_id
