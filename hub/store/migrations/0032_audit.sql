-- The audit: rows are written in the transaction of what they tell and never change. One leader seals them into a hash
-- chain (hub/audit), in a table of its own, so that writers take no lock and rows stay as they were written.
alter table audit add column address text, add column journal uuid;
create unique index audit_journal on audit (journal) where journal is not null;
create index audit_at on audit (at);
create index audit_actor on audit (actor, id);
comment on column audit.actor is 'Who did it, an id that outlives the erasure of a person';
comment on column audit.address is 'Where the request came from, if it is known';
comment on column audit.journal is 'Of an entry that waited in a local file: its id there, so that it is appended once';

create table audit_unsealed (audit_id bigint primary key);
comment on table audit_unsealed is 'Entries of the audit that wait for their seal; filled by a trigger';

create table audit_seal (
    seq bigint primary key,
    audit_id bigint not null unique,
    sealed_at timestamptz not null,
    algorithm text not null check (algorithm in ('sha256', 'sm3')),
    hash bytea not null check (octet_length(hash) = 32)
);
comment on table audit_seal is 'The hash chain over the audit: one link an entry, without gaps';
comment on column audit_seal.seq is 'Place in the chain; entries are sealed in the order in which they are seen';
comment on column audit_seal.hash is 'Of the hash before and the entry as one line (hub/audit/chain.py)';

create table audit_chain (
    one boolean primary key default true check (one),
    begins_after bigint not null default 0,
    begins_hash bytea not null default decode(repeat('00', 32), 'hex'),
    head_seq bigint not null default 0,
    head_hash bytea not null default decode(repeat('00', 32), 'hex')
);
comment on table audit_chain is 'Where the chain of the audit begins, after what retention has dropped, and where it ends';
insert into audit_chain default values;

create table audit_sink (
    name text primary key,
    sent_seq bigint not null,
    sent_at timestamptz not null default now()
);
comment on table audit_sink is 'How far each receiver outside has the chain of the audit';

create function audit_queue() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
begin
    insert into audit_unsealed select id from added;
    return null;
end $$;
create trigger audit_queue after insert on audit referencing new table as added
for each statement execute function audit_queue();
insert into audit_unsealed select id from audit;

-- Entries and seals are never changed; they are removed by audit_forget alone, and no entry before it is 180 days old.
create function audit_refuse() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_setting('ganzhi.audit_forgets', true) = 'on' then
        if tg_table_name <> 'audit' then
            return old;
        elsif old.at < now() - interval '180 days' then
            return old;
        end if;
    end if;
    raise insufficient_privilege
        using message = format('the audit is append-only: %s of %s is refused', lower(tg_op), tg_table_name);
end $$;
create trigger audit_refuse before update or delete on audit for each row execute function audit_refuse();
create trigger audit_refuse_all before truncate on audit for each statement execute function audit_refuse();
create trigger audit_refuse before update or delete on audit_seal for each row execute function audit_refuse();
create trigger audit_refuse_all before truncate on audit_seal for each statement execute function audit_refuse();

-- An entry that cannot be written at once is refused, so that no request hangs on a lock of this table.
create function audit_write(
    p_at timestamptz, p_actor text, p_action text, p_subject text, p_detail jsonb, p_address text, p_journal uuid
) returns void language plpgsql set lock_timeout = '2s' as $$
begin
    insert into audit (at, actor, action, subject, detail, address, journal)
    values (coalesce(p_at, clock_timestamp()), p_actor, p_action, p_subject, p_detail, p_address, p_journal)
    on conflict (journal) where journal is not null do nothing;
end $$;

-- Append links to the chain; refused when it has moved on, as after a leader that stood still for a while.
create function audit_append(p_after bigint, p_ids bigint[], p_algorithm text, p_hashes bytea[])
returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
    taken bigint;
begin
    perform from audit_chain where head_seq = p_after for update;
    if not found then
        raise serialization_failure using message = 'the chain of the audit has moved on';
    end if;
    delete from audit_unsealed where audit_id = any (p_ids);
    get diagnostics taken = row_count;
    if taken <> cardinality(p_ids) or taken <> cardinality(p_hashes) then
        raise integrity_constraint_violation using message = 'an entry of the audit does not wait for its seal';
    end if;
    insert into audit_seal (seq, audit_id, sealed_at, algorithm, hash)
    select p_after + n, id, now(), p_algorithm, hash
    from unnest(p_ids, p_hashes) with ordinality as link (id, hash, n);
    update audit_chain set head_seq = p_after + taken, head_hash = p_hashes[taken];
end $$;

-- Drop entries from the old end, keep the hash at which the chain now begins, and write that down as an entry.
create function audit_forget(p_before timestamptz, p_most int) returns bigint language plpgsql
security definer set search_path = public, pg_temp set ganzhi.audit_forgets = 'on' as $$
declare
    first bigint;
    last bigint;
    last_hash bytea;
begin
    if p_before > now() - interval '180 days' then
        raise invalid_parameter_value using message = 'the audit is kept for at least 180 days';
    end if;
    select begins_after into first from audit_chain for update;
    with oldest as (
        select s.seq, coalesce(a.at, s.sealed_at) as at
        from audit_seal s left join audit a on a.id = s.audit_id
        where s.seq > first order by s.seq limit p_most
    )
    select coalesce((select min(seq) - 1 from oldest where at >= p_before), (select max(seq) from oldest)) into last;
    if last is null or last <= first then
        return 0;
    end if;
    select hash into last_hash from audit_seal where seq = last;
    delete from audit where id in (select audit_id from audit_seal where seq <= last);
    delete from audit_seal where seq <= last;
    update audit_chain set begins_after = last, begins_hash = last_hash;
    insert into audit (actor, action, subject, detail)
    values ('hub', 'audit.forget', last::text, jsonb_build_object('through', last, 'hash', encode(last_hash, 'hex')));
    return last - first;
end $$;
revoke execute on function audit_append, audit_forget from public;

-- What only the owner of the tables may do, and the hub needs while it runs, where its role is another one.
alter function ensure_partition(date) security definer set search_path = public, pg_temp;
alter function drop_readings_before(timestamptz) security definer set search_path = public, pg_temp;
create function compress_readings(chunk regclass) returns void language plpgsql
security definer set search_path = public, pg_temp as $$
begin
    if chunk in (select readings_to_compress('-infinity', 'infinity')) then
        perform compress_chunk(chunk, if_not_compressed => true);
    end if;
end $$;
revoke execute on function ensure_partition, drop_readings_before, compress_readings from public;
