-- name: consumers_called
select code, kind, url from consumer where enabled order by code
