-- Delivery receipts of gateways: what they have taken is not yet on a telephone.
alter table consumer add column receipt_secret text;
comment on column consumer.receipt_secret is 'What a gateway shows when it brings receipts; sealed. null: it brings none';

alter table outbox
    add column message_id text,
    add column receipt text check (receipt in ('waiting', 'reached', 'failed')),
    add column receipt_said text,
    add column receipt_due timestamptz,
    add column reached_at timestamptz,
    add column repeats int2 not null default 0;
comment on column outbox.message_id is 'What the gateway calls the message; null: it said none';
comment on column outbox.receipt is 'What the gateway has said since it accepted; null: no receipt is expected';
comment on column outbox.receipt_said is 'The status in its receipt, in its own word';
comment on column outbox.receipt_due is 'Until when a receipt is expected; without one it is unproven then';
comment on column outbox.reached_at is 'When a receipt said that it has reached somebody; never an acknowledgement';
comment on column outbox.repeats is 'How often it was sent again because its receipt said that it failed';
create index outbox_message on outbox (consumer_id, message_id) where message_id is not null;
create or replace view scoped.outbox as
select o.* from public.outbox o
where o.change_id is null or exists (select from scoped.alert a where a.id = o.alert_id);

create or replace function only_sealed() returns void
language sql security definer set search_path = public, pg_temp as $$
    insert into sealed_only (one)
    select true
    where not exists (
        select from consumer, unnest(array[secret, login, query, receipt_secret]) as stored
        where not stored ^@ 'sealed 1 ')
      and not exists (
        select from account, unnest(array[totp_secret, totp_pending]) as stored where not stored ^@ 'sealed 1 ')
    on conflict do nothing
$$;
