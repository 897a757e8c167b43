-- About how many devices a caller with a limited scope may see, by the statistics of the planner, which knows how many
-- devices have each key: no device is read. Null without a scope.
create function scope_reach() returns bigint language plpgsql as $$
declare
    plan json;
begin
    if coalesce(current_setting('ganzhi.scope', true), '') = '' then
        return null;
    end if;
    execute 'explain (format json) select from public.device where scope && $1' into plan
        using current_setting('ganzhi.scope')::text[];
    return (plan -> 0 -> 'Plan' ->> 'Plan Rows')::bigint;
end $$;
