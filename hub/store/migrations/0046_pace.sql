-- Receivers that count messages (robots of group chats): until when what was sent uses up their limit.
alter table consumer add column paced_until timestamptz;
comment on column consumer.paced_until is 'Until then what was sent counts against the messages that it takes';
