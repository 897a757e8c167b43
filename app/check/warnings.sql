-- name: sources
select name, heard_at at time zone 'UTC', failing_since at time zone 'UTC', last_error, now() at time zone 'UTC'
from warning_source
