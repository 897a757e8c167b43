-- name: forwards
select t.code, p.failing_since, p.last_error,
       (select count(*) from forward_report r where r.target_id = t.id and r.acknowledged_at is null),
       (select count(*) from forward_grant g where g.target_id = t.id and g.channel is null),
       t.kind = 'gb28181' and not exists (
           select from forward_registration s where s.target_id = t.id and s.expires_at > now()) as unregistered
from forward_target t join forward_position p on p.target_id = t.id
where t.enabled
order by t.code
