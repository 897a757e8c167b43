-- What is left of letters that were tried again; what was accepted is not there any more.
select id, replays, device, reason, detail from dead_letter where id = any(%(ids)s::uuid[])
