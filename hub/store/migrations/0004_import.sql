-- History that is read from files. Runs on plain PostgreSQL and on TimescaleDB alike.

-- How far the import of a file has come; moved in the transaction that stores the readings up to there.
create table import_progress (
    digest bytea primary key,           -- of the file's bytes and of how they are to be read
    file text not null,
    position bigint not null default 0, -- where to read on: a byte (CSV) or a row (Parquet)
    line bigint not null default 0,     -- the number of rows before that
    readings bigint not null default 0,
    stored bigint not null default 0,   -- of which this many were new
    bad bigint not null default 0,
    started_at timestamptz not null default clock_timestamp(),
    changed_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz
);

-- The chunks that hold readings of a time and are old enough to be in the columnstore; none without TimescaleDB.
create function readings_to_compress(from_ts timestamptz, to_ts timestamptz) returns setof regclass
    language plpgsql as $$
begin
    if not exists (select from pg_extension where extname = 'timescaledb') then
        return;
    end if;
    return query
    select format('%I.%I', c.chunk_schema, c.chunk_name)::regclass
    from timescaledb_information.chunks c
    where c.hypertable_name = 'reading' and c.range_start <= to_ts and c.range_end > from_ts
      and c.range_end <= now() - (
        select coalesce(min((j.config->>'compress_after')::interval), interval '14 days')
        from timescaledb_information.jobs j
        where j.hypertable_name = 'reading' and j.proc_name = 'policy_compression')
    order by c.range_start;
end $$;
