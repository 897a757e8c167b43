-- name: consumers_called
select code, url from consumer where enabled order by code
