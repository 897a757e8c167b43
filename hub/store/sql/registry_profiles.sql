-- Profiles that changed since a snapshot's xmin ('0': all).
select id, code, version, max_future_s, metrics, case when unknown_metrics = 'add' then max_metrics else 0 end, mapping
from profile where revision >= %(since)s::xid8
