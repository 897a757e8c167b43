-- What is decided for us against an outside system is a step, of which that system hears; and which cases a consumer's
-- filters take is said in one place: when it is told, and again when what waits goes out.
alter table case_step
    drop constraint case_step_kind_check,
    add constraint case_step_kind_check check (kind in (
        'reported', 'accepted', 'rejected', 'self_handled', 'filed', 'dispatched', 'taken', 'returned', 'handled',
        'passed', 'failed', 'closed', 'merged', 'classified', 'commented', 'extension_asked', 'extension_granted',
        'extension_refused', 'suspension_asked', 'suspension_granted', 'suspension_refused', 'suspension_reviewed',
        'resumed', 'supervised', 'answered', 'joined', 'overdue', 'deadlines_known', 'concluded', 'attached',
        'upheld'));

create function case_taken(filters jsonb, f public.case_file) returns boolean language sql stable as $$
    select exists (
        select from jsonb_array_elements($1) w
        where (w ->> 'organisation' is null or w ->> 'organisation' in (f.organisation, f.responsible)
               or w ->> 'organisation' = any (f.assisting))
          and (w ->> 'region' is null or starts_with(f.region, w ->> 'region'))
          and (w ->> 'area' is null or f.scope && array['/@' || (w ->> 'area')])
          and (w ->> 'category_kind' is null or w ->> 'category_kind' = f.category_kind)
          and (w ->> 'category' is null or starts_with(f.category, w ->> 'category')))
$$;
comment on function case_taken is 'Whether one of the filters of a consumer (consumer.cases) takes a case';
