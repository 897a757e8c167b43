-- name: clip
-- Of an event that the caller sees.
select clip_why(c.why, c.received_at) as why, c.content, c.file from event_clip c where c.event_id = %(id)s
