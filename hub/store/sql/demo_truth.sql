-- What a city's ground truth says; loaded by COPY, gone with the session.
create temp table truth_reading (device text not null, metric text not null, ts_us bigint, value float8 not null);
create temp table truth_event (device text not null, id text not null, kind text not null, state text, ts_us bigint not null);
