-- name: last
select stage_by as actor from case_file where id = %(id)s
