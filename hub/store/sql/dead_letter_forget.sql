-- Counts go with their letters; a process that has not counted for a day has no commit that it could try again.
with turns as (
    delete from dead_letter_turn where at < now() - interval '1 day'
)
delete from dead_letter_count where minute < now() - make_interval(days => %(days)s)
