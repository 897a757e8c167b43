-- The query of a consumer's address, which may hold a token, is kept apart as its login is; the address shows `?***` for it.
alter table consumer add column query text;
update consumer set query = substring(url from '\?(.*)$'), url = regexp_replace(url, '\?.*$', '?***') where url ~ '\?.';
comment on column consumer.query is 'Of its address, behind the ?; never shown';
