-- name: take_turn
-- One row when this writer's turn is a new one. No row when it has been committed: the row is locked from the first
-- statement of a transaction on, so that one whose connection was lost is waited for.
insert into commit_turn as held (writer, turn) values (%(writer)s, %(turn)s)
on conflict (writer) do update set turn = excluded.turn, at = now() where held.turn < excluded.turn
