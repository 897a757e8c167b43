-- The role of hubs writes the audit, its seals and how far others have it through functions alone (hub/store/grants.sql).

-- An entry has the time of now; one that waited in a journal has its own, which is never later.
create or replace function audit_write(
    p_at timestamptz, p_actor text, p_action text, p_subject text, p_detail jsonb, p_address text, p_journal uuid
) returns void language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '2s' as $$
begin
    insert into audit (at, actor, action, subject, detail, address, journal)
    values (case when p_journal is null then clock_timestamp() else least(p_at, clock_timestamp()) end,
            p_actor, p_action, p_subject, p_detail, p_address, p_journal)
    on conflict (journal) where journal is not null do nothing;
end $$;

-- What one actor did to many subjects, each with its detail.
create function audit_write_all(p_actor text, p_address text, p_action text, p_subjects text[], p_details jsonb[])
returns void language sql security definer set search_path = public, pg_temp set lock_timeout = '2s' as $$
    insert into audit (actor, address, action, subject, detail)
    select p_actor, p_address, p_action, subject, detail
    from unnest(p_subjects, p_details) with ordinality as entry (subject, detail, n)
    order by n
$$;

-- A text as COPY writes it.
create function audit_copied(value text) returns text language sql immutable as $$
    select case
        when value is null then '\N'
        when value ~ '[\\\x08-\x0d]' then
            replace(replace(replace(replace(replace(replace(replace(value,
                '\', '\\'), e'\b', '\b'), e'\t', '\t'), e'\n', '\n'), e'\x0b', '\v'), e'\f', '\f'), e'\r', '\r')
        else value
    end
$$;

-- Append links to the chain; refused when it has moved on, as after a leader that stood still for a while, and when a
-- hash is not that of its entry. SM3 is not known to the database: its hashes are taken as they are, and are judged by
-- `hub audit verify` alone.
create or replace function audit_append(p_after bigint, p_ids bigint[], p_algorithm text, p_hashes bytea[])
returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
    taken bigint;
    previous bytea;
    line record;
begin
    select head_hash into previous from audit_chain where head_seq = p_after for update;
    if not found then
        raise serialization_failure using message = 'the chain of the audit has moved on';
    end if;
    delete from audit_unsealed where audit_id = any (p_ids);
    get diagnostics taken = row_count;
    if taken <> cardinality(p_ids) or taken <> cardinality(p_hashes) then
        raise integrity_constraint_violation using message = 'an entry of the audit does not wait for its seal';
    end if;
    if p_algorithm = 'sha256' then
        for line in
            select link.hash, concat_ws(e'\t', p_after + n, a.id, (extract(epoch from a.at) * 1000000)::bigint,
                       audit_copied(a.actor), audit_copied(a.action), audit_copied(a.subject), audit_copied(a.address),
                       audit_copied(a.journal::text), audit_copied(a.detail::text),
                       (extract(epoch from now()) * 1000000)::bigint, p_algorithm) as content
            from unnest(p_ids, p_hashes) with ordinality as link (id, hash, n)
            join audit a on a.id = link.id
            order by n
        loop
            previous := sha256(previous || convert_to(line.content, 'UTF8'));
            if previous is distinct from line.hash then
                raise integrity_constraint_violation using message = 'a hash of the audit is not that of its entry';
            end if;
        end loop;
    end if;
    insert into audit_seal (seq, audit_id, sealed_at, algorithm, hash)
    select p_after + n, id, now(), p_algorithm, hash
    from unnest(p_ids, p_hashes) with ordinality as link (id, hash, n);
    update audit_chain set head_seq = p_after + taken, head_hash = p_hashes[taken];
end $$;

-- How far a receiver has the chain: never less than before, never more than there is.
create function audit_sent(p_name text, p_seq bigint) returns void language plpgsql
security definer set search_path = public, pg_temp as $$
begin
    if p_name not in ('head', 'syslog') or p_seq > (select head_seq from audit_chain) then
        raise invalid_parameter_value using message = 'the chain of the audit does not reach so far';
    end if;
    insert into audit_sink (name, sent_seq) values (p_name, p_seq)
    on conflict (name) do update set sent_seq = greatest(audit_sink.sent_seq, excluded.sent_seq), sent_at = now();
end $$;
revoke execute on function audit_write, audit_write_all, audit_append, audit_sent from public;
