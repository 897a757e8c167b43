-- Gives a row for each division that was written.
insert into region (code, name, level, valid_from, valid_to, successors)
select code, name, level, valid_from, valid_to, successors from region_import
on conflict (code, valid_from) do update
set name = excluded.name, level = excluded.level, valid_to = excluded.valid_to, successors = excluded.successors
where (region.name, region.level, region.valid_to, region.successors)
      is distinct from (excluded.name, excluded.level, excluded.valid_to, excluded.successors)
returning xmax = 0 as created
