-- Since when all of them hear without a gap, and until when; no row when nothing can be told from silence.
select (extract(epoch from max(since)) * 1000000)::bigint, (extract(epoch from min(at)) * 1000000)::bigint, min(at)
from listening
having count(*) filter (where ears) > 0 and isfinite(max(since)) and isfinite(min(at))
