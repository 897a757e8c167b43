-- Whether a count is there that is fresh, and worth it: what is counted faster than this is counted when asked for.
-- A process that lives counts again after `rests` times as long as it took.
select at
from catalogue_counted
where took_s > %(worth_s)s and at > now() - make_interval(secs => greatest(%(fresh_s)s, 2 * %(rests)s * took_s))
