-- name: consumers_called
select code, kind, url from consumer where enabled and url <> '' order by code
