-- name: fallback
select code from consumer where fallback
