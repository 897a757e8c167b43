-- Kinds with many meanings (other, fault) are told apart by their code: one of them hides no other.
alter table episode add column code text not null default '';
comment on column episode.code is 'Of kinds with many meanings which it is; else empty';
create index on episode (device_id, kind, part, code, began_at desc);
drop index episode_device_id_kind_part_began_at_idx;

create or replace view scoped.episode as
select e.* from public.episode e
where exists (select from public.device d
              where d.id = e.device_id and d.scope && (select scoped.granted())
                and (d.scope && (select scoped.granted_whole())
                     or scoped.shared(d.organisation, d.code, null, e.kind)));
create or replace view cut.episode as select e.* from scoped.episode e;
