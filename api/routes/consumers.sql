-- name: areas
select code from area where code = any (%(codes)s)

-- name: consumer_chain
select code from chain
where steps @> jsonb_build_array(jsonb_build_object('consumers', jsonb_build_array(%(code)s::text))) limit 1

-- name: consumer_delete
-- Its deliveries go with it.
delete from consumer where code = %(code)s

-- name: consumer_disable
-- No new deliveries are made for it.
update consumer set enabled = false, failing_since = null, degraded_at = null where code = %(code)s

-- name: consumer_follows
-- It follows the log from now on: what waits for it is given up.
update outbox set state = 'given_up', last_error = 'the consumer is of another kind now', settled_at = clock_timestamp()
where consumer_id = (select id from consumer where code = %(code)s) and state not in ('delivered', 'given_up')

-- name: consumer_forget
-- Some of its deliveries are deleted; a row for each.
delete from outbox
where id in (select o.id from outbox o join consumer c on c.id = o.consumer_id where c.code = %(code)s limit %(limit)s)
returning id

-- name: consumer_login
-- Alerts that are committed meanwhile look up the row (hub/alerts/apply.sql: for key share) and do not wait.
select url, login, query from consumer where code = %(code)s for no key update

-- name: consumer_put
-- Without a secret, or a ceiling, a known consumer keeps its own; a secret only as long as its kind. One that
-- becomes a robot on the internet gets L1. Whether its channel fails is known until it accepts something.
-- Of cases that it was told of as another one (other filters, system, owner or host) it hears no more.
-- The secret of its receipts is kept for as long as it is to bring some.
with known as (select kind, receipt_secret from consumer where code = %(code)s)
insert into consumer (code, kind, url, login, query, settings, secret, filters, quiet, grouping, owner, fallback,
                      lang, ceiling, enabled, heartbeat_s, prove_within_h, prove_at, warnings, cases, case_system,
                      receipt_secret)
values (%(code)s, %(kind)s, %(url)s, %(login)s, %(query)s, %(settings)s, coalesce(%(secret)s, %(fresh_secret)s),
        %(filters)s, %(quiet)s, %(grouping)s, %(owner)s, %(fallback)s, %(lang)s, coalesce(%(ceiling)s, %(usual_ceiling)s),
        %(enabled)s, %(heartbeat_s)s, %(prove_within_h)s, %(prove_at)s, %(warnings)s,
        %(cases)s, %(case_system)s, %(receipt_secret)s)
on conflict (code) do update
set kind = excluded.kind, url = excluded.url, login = excluded.login, query = excluded.query, held_until = null,
    settings = excluded.settings,
    receipt_secret = case when excluded.receipt_secret is not null
                          then coalesce(consumer.receipt_secret, excluded.receipt_secret) end,
    secret = case when %(secret)s is null and consumer.kind = excluded.kind then consumer.secret
                  else excluded.secret end,
    filters = excluded.filters, quiet = excluded.quiet, grouping = excluded.grouping, owner = excluded.owner,
    fallback = excluded.fallback, lang = excluded.lang,
    ceiling = coalesce(%(ceiling)s, case when consumer.kind <> excluded.kind and %(usual_ceiling)s = 'L1' then 'L1'
                                         else consumer.ceiling end),
    heartbeat_s = excluded.heartbeat_s, heartbeat_due = null, prove_within_h = excluded.prove_within_h,
    prove_at = excluded.prove_at, prove_due = null, warnings = excluded.warnings,
    cases = excluded.cases, case_system = excluded.case_system,
    cases_since = case when (consumer.cases -> 'filters', consumer.case_system, consumer.owner, consumer.kind,
                             substring(consumer.url from '^[^:]+://[^/?#]*'))
                            is distinct from (excluded.cases -> 'filters', excluded.case_system, excluded.owner,
                                              excluded.kind, substring(excluded.url from '^[^:]+://[^/?#]*'))
                       then clock_timestamp() else consumer.cases_since end,
    watched_since = case when consumer.enabled then consumer.watched_since else now() end,
    failing_since = case when excluded.enabled then consumer.failing_since end,
    degraded_at = case when excluded.enabled then consumer.degraded_at end,
    enabled = excluded.enabled
returning xmax = 0 as created,
          %(secret)s is null and kind is distinct from (select known.kind from known) as made_up,
          %(receipt_secret)s::text is not null and (select known.receipt_secret from known) is null as receipts_begin

-- name: consumer_groups
select 1 as groups from consumer where code = %(code)s and grouping is not null

-- name: consumer_quiet_over
-- Its quiet hours may be others now: what they keep back is looked at anew.
update outbox set quiet_until = now()
where consumer_id = (select id from consumer where code = %(code)s) and state = 'quiet'

-- name: consumers
select c.code, c.kind, c.url, c.settings, c.login, c.filters, c.quiet, c.grouping, c.owner, c.fallback,
       c.lang, c.ceiling, c.enabled,
       c.heartbeat_s, c.prove_within_h, c.prove_at, c.warnings, c.cases, c.case_system, c.proven_at, c.failing_since,
       exists (select from alert a where a.target = 'channel_degraded:' || c.code and a.origin = 'hub'
                                     and a.cleared_at is null) as degraded,
       case when c.held_until > now() then c.held_until end as held_until,
       o.pending + behind.changes + grouped.waiting as pending, o.delivered, o.given_up,
       k.pending as cases_pending, k.given_up as cases_given_up,
       case when p.failing_since is null then last.failure else 'connection' end as failure,
       coalesce(p.last_error, last.last_error) as last_error,
       case when p.last_error is null then last.last_error_words else p.last_error_words end as last_error_words
from consumer c
left join alert_position p on p.consumer_id = c.id and c.kind in ('kafka', 'mqtt')
cross join lateral (
    select count(*) as changes from alert_change h where h.cursor > p.cursor and c.id = any (h.recipients)
) behind
left join alert_grouping g on g.consumer_id = c.id
cross join lateral (
    select count(*) as waiting from grouped_for(c.id, g.position, null)
) grouped
cross join lateral (
    select count(*) filter (where state = 'pending') as pending,
           count(*) filter (where state = 'delivered') as delivered,
           count(*) filter (where state = 'given_up') as given_up
    from outbox where consumer_id = c.id
) o
cross join lateral (
    select count(*) filter (where state = 'pending') as pending, count(*) filter (where state = 'given_up') as given_up
    from case_delivery where consumer_id = c.id and state <> 'delivered'
) k
left join lateral (
    select failure, last_error, last_error_words from outbox
    where consumer_id = c.id and last_error is not null order by id desc limit 1
) last on true
where c.kind <> 'probe' and (%(code)s::text is null or c.code = %(code)s)
  and (%(after_code)s::text is null or c.code > %(after_code)s)
order by c.code
limit %(limit)s

-- name: owner
select code from organisation where code = %(code)s

-- name: fallback
-- Locked: who is made the fallback at the same time waits.
select code from consumer where fallback for no key update

-- name: fallback_relieved
update consumer set fallback = false where fallback and code <> %(code)s
