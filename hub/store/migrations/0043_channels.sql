-- A consumer is of a kind (api/push/kinds.py knows which there are), and each kind has settings of its own.
alter table consumer drop constraint consumer_kind_check;
alter table consumer
    add constraint consumer_kind_check check (kind ~ '^[a-z]{1,20}$'),
    add column settings jsonb not null default '{}' check (jsonb_typeof(settings) = 'object');
comment on column consumer.kind is 'By which channel it is told: webhook, dingtalk, email, ...';
comment on column consumer.settings is 'Of its kind; nothing secret, but it may name people''s addresses';
comment on column consumer.query is 'The secret part of its address, which shows *** for it; never shown';

-- What a delivery's last attempt came to, whatever its outcome.
alter table outbox
    add column said text check (length(said) <= 500),
    add column took_ms int;
comment on column outbox.said is 'What the consumer answered when it accepted; without secrets';
comment on column outbox.took_ms is 'How long the last attempt took';
create or replace view scoped.outbox as
select o.* from public.outbox o where exists (select from scoped.alert a where a.id = o.alert_id);
