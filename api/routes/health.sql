-- name: unheard
-- Answers once the database does.
select l.name, network_state(l, '-infinity') as state from network_listening l
where network_state(l, '-infinity') in ('away', 'silent') order by l.name
