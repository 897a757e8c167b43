-- What an orange or red alert of a rule tells whoever answers it; what is not given comes from the hub (hub/alerts/guidance.py).
alter table rule add column guidance jsonb check (jsonb_typeof(guidance) = 'object');
comment on column rule.guidance is 'cause, consequence, action (预案), contacts and respond_s, as far as its author gave them';
