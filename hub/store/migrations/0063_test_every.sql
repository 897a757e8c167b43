-- How often devices of a profile are to be tested (月检): within so many days of their last proof.
alter table profile add column test_every_days int check (test_every_days between 1 and 3660);
comment on column profile.test_every_days is 'within how many days each device is to be tested; null: it is not';

-- When a device was tested last knows whoever sees the device, also by a share.
create or replace view scoped.proof_test as
select p.* from public.proof_test p
where exists (select from public.device d where d.id = p.device_id and d.scope && (select scoped.granted()));
