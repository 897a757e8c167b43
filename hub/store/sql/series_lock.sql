-- Who adds metrics to a device takes turns, so that its limit holds.
select id from device where id = any (%(devices)s) order by id for no key update
