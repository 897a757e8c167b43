-- The reply may have been faster.
update command set sent_at = clock_timestamp(), state = case when state = 'pending' then 'sent' else state end
where id = %(id)s
