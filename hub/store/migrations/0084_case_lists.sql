-- Each filter of the list of cases has an index that begins with what few cases have, so that none reads all of them.
create index case_file_overdue on case_file (least(stage_due_at, due_at)) where ended_at is null;
create index case_file_suspended on case_file (reported_at desc, id desc) where suspended_at is not null;
create index case_file_supervised on case_file (reported_at desc, id desc) where supervision is not null;
create index case_file_asked on case_file (asked, reported_at desc, id desc) where asked is not null;
create index case_file_of_alert on case_file (alert_id) where alert_id is not null;
create index case_file_source on case_file (source, reported_at desc, id desc);
create index case_file_level on case_file (level, reported_at desc, id desc);
create index case_file_county on case_file (left(region, 6), reported_at desc, id desc);
