-- name: load
select source, entries from arrival order by source, seq

-- name: save
with pruned as (
    delete from arrival where source = %(source)s and seq < %(oldest)s
)
insert into arrival (source, seq, entries) values (%(source)s, %(seq)s, %(entries)s) on conflict do nothing
