-- name: states
-- Which of these rules there are, and whether they are in force.
select code, enabled from rule where code = any (%(codes)s)
