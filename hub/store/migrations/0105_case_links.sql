-- Links to attachments are signed with a key that their consumer does not know, and what a consumer was told before it
-- became another one lets it follow those cases no more.
alter table consumer
    add column link_key bytea not null
        default decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'),
    add column cases_since timestamptz not null default '-infinity';
comment on column consumer.link_key is 'Random, known to the hub alone: links to attachments of cases are signed with it and the secret';
comment on column consumer.cases_since is 'When its filters of cases, outside system, owner or host changed: of what it was told before it hears no more, and those links are over';
