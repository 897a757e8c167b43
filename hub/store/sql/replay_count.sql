-- How many letters of a selection can be replayed, and how many cannot, for they were cut or not kept.
select count(*) filter (where whole) as whole, count(*) filter (where not whole) as cut
from (
    select payload_size > 0 and length(payload) = payload_size as whole
    from dead_letter
    where (%(id)s::uuid is null or id = %(id)s)
      and (%(reason)s::text is null or reason = %(reason)s)
      and (%(device)s::text is null or device = %(device)s)
      and (%(since)s::timestamptz is null or received_at >= %(since)s)
      and received_at <= %(until)s
) as letter
