-- A change of a case has a time to be tried only once those before it are settled: a claim reads what may go, not all that waits.
alter table case_delivery alter column next_at drop not null;
comment on column case_delivery.next_at is 'When it is tried; null: once the one before it, of its case and consumer, is settled';
create index on case_delivery (consumer_id, case_id, seq) where state = 'pending';
update case_delivery d set next_at = null
where d.state = 'pending' and d.seq <> (select min(first.seq) from case_delivery first
                                        where first.consumer_id = d.consumer_id and first.case_id = d.case_id
                                          and first.state = 'pending');
