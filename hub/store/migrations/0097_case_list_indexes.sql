-- Lists of the cases behind figures that few cases are in: each has an index of its own, and the planner knows how many
-- they are.
drop index case_file_open_due;
create index case_file_open_due on case_file (due_at, id) where marks & 8192 <> 0;
create index case_file_late on case_file (due_at, id) where marks & 4096 <> 0;
create index case_file_rejected on case_file (ended_at, id) where marks & 1 <> 0;
create index case_file_gone_on on case_file (ended_at, id) where marks & 2 <> 0;
create index case_file_self_handled on case_file (ended_at, id) where marks & 8 <> 0;
create index case_file_reworked on case_file (ended_at, id) where marks & 48 = 48;
create index case_file_extended on case_file (filed_at, id) where marks & 64 <> 0;
create index case_file_stood on case_file (filed_at, id) where marks & 128 <> 0;
create index case_file_watched on case_file (filed_at, id) where marks & 512 <> 0;

create statistics case_file_rejected_n on (marks & 1) from case_file;
create statistics case_file_merged_n on (marks & 2) from case_file;
create statistics case_file_closed_n on (marks & 4) from case_file;
create statistics case_file_self_handled_n on (marks & 8) from case_file;
create statistics case_file_handled_n on (marks & 16) from case_file;
create statistics case_file_reworked_n on (marks & 48) from case_file;
create statistics case_file_extended_n on (marks & 64) from case_file;
create statistics case_file_suspended_n on (marks & 128) from case_file;
create statistics case_file_standing_n on (marks & 256) from case_file;
create statistics case_file_supervised_n on (marks & 512) from case_file;
create statistics case_file_returned_n on (marks & 1024) from case_file;
create statistics case_file_in_time_n on (marks & 2048) from case_file;
create statistics case_file_late_n on (marks & 4096) from case_file;
create statistics case_file_open_n on (marks & 8192) from case_file;
create statistics case_file_due_n on (marks & 8196) from case_file;
analyze case_file;

-- Without a subquery the planner knows the keys, and how many cases have them; that costs half a microsecond a case that is
-- looked at, of which a list looks at some thousand.
create or replace view scoped.case_file as
select c.* from public.case_file c where c.scope && scoped.granted_whole() with local check option;
