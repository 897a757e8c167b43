-- Readings of a file that have another value than what is stored for their series and time.
alter table import_progress add column conflicting bigint not null default 0;
