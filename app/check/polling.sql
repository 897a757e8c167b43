-- name: counts
select count(*) filter (where device_id = line_id), count(*) filter (where device_id <> line_id),
       coalesce(sum(asked) filter (where device_id = line_id), 0), coalesce(sum(answered) filter (where device_id = line_id), 0)
from poll_state where ended_at is null

-- name: silent_lines
-- Lines that are connected, and of which no slave answers.
select d.code, (select count(*) from poll_state s where s.line_id = p.line_id and s.device_id <> p.line_id), p.asked
from poll_state p join device d on d.id = p.device_id
where p.device_id = p.line_id and p.ended_at is null and p.asked >= 3 and p.answered = 0
order by d.code limit 20

-- name: silent_slaves
-- Slaves that do not answer, of lines on which others do.
select d.code, l.code, p.address, p.complaint, p.silent_since
from poll_state p
join device d on d.id = p.device_id
join device l on l.id = p.line_id
join poll_state w on w.device_id = p.line_id
where p.device_id <> p.line_id and p.silent_since is not null and w.ended_at is null and w.answered > 0
order by p.silent_since limit 20

-- name: wrong_checksums
select d.code, l.code, (p.complaints ->> 'checksum')::float8 / p.asked
from poll_state p join device d on d.id = p.device_id join device l on l.id = p.line_id
where p.device_id <> p.line_id and p.asked >= 50 and (p.complaints ->> 'checksum')::float8 / p.asked > %(share)s
order by 3 desc limit 20

-- name: exceptions
select d.code, l.code, p.exception, p.registers
from poll_state p join device d on d.id = p.device_id join device l on l.id = p.line_id
where p.exception is not null and p.registers is not null
order by d.code limit 20

-- name: unaddressed
-- Active devices with a map that hang on a device with several of them, and have no address on its line.
select d.code, p.code
from device d join profile p on p.id = d.profile_id
where p.polling is not null and d.state = 'active' and d.parent_id is not null
  and not exists (select from device_address a where a.device_id = d.id and a.scheme in ('modbus', 'cjt188'))
  and 1 < (select count(*) from device o join profile q on q.id = o.profile_id
           where o.parent_id = d.parent_id and q.polling is not null and o.state = 'active')
order by d.code limit 20
