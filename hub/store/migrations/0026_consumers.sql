-- A login in the address of a consumer is kept apart: an address may be shown, a login never. As it stands in a URL,
-- percent-encoded.
alter table consumer
    add column login text,
    -- The consumer asked to be left alone until then (Retry-After); all that is for it waits.
    add column held_until timestamptz,
    -- Of the titles of alerts that it gets; null: as they are stored.
    add column lang text check (lang in ('en', 'zh'));
update consumer
set login = substring(url from '^[^:/?#]+://([^/?#]*)@'), url = regexp_replace(url, '^([^:/?#]+://)[^/?#]*@', '\1')
where url ~ '^[^:/?#]+://[^/?#]*@';
comment on column consumer.login is 'user:password of its address, percent-encoded; never shown';
comment on column consumer.held_until is 'It asked for no delivery before this time (Retry-After)';

-- In which way a delivery failed last, and what its sentence was made of, to be told in the reader's language.
alter table outbox
    add column failure text,
    add column last_error_words jsonb;
comment on column outbox.failure is 'The kind of failure that last_error tells';
comment on column outbox.last_error is 'Why the last attempt failed, in English';
comment on column outbox.last_error_words is
    'Key and values of last_error in the catalogue of texts; null for those of earlier versions';
