-- name: days
select date, workday from calendar_day
