-- Whom a chain has told hears how the alert goes on, also once the chain is deleted; and a chain that is replaced is
-- followed from its beginning by what had come to its end.
alter table escalation
    alter column chain drop not null,
    drop constraint escalation_chain_fkey,
    add constraint escalation_chain_fkey foreign key (chain) references chain on delete set null;
comment on column escalation.chain is 'null: it was deleted';

create function chain_ends() returns trigger language plpgsql as $$
begin
    update public.escalation set state = 'stopped', due_at = null where chain = old.code;
    return old;
end $$;
create trigger chain_ends before delete on chain for each row execute function chain_ends();

create function chain_begins_anew() returns trigger language plpgsql as $$
begin
    update public.escalation e
    set round = e.round + 1, step = 0, state = 'waiting',
        due_at = clock_timestamp() + make_interval(secs => (new.steps -> 0 ->> 'wait_s')::float8)
    from public.alert a
    where e.chain = new.code and e.state = 'exhausted'
      and a.id = e.alert_id and a.handling not in ('closed', 'false_alarm', 'merged');
    return new;
end $$;
create trigger chain_begins_anew after update on chain for each row
    when ((old.steps, old.repeats) is distinct from (new.steps, new.repeats)) execute function chain_begins_anew();
