with used as (
    update provisioning_key set used = used + 1 where code = %(by)s returning organisation, profile_id, state
)
insert into device (code, name, profile_id, parent_id, organisation, state)
select %(code)s, coalesce(%(name)s, %(code)s), used.profile_id,
       (select id from device where code = %(parent)s), used.organisation, used.state
from used
on conflict (code) do nothing
returning id, parent_id
