delete from command where id in (
    select id from command where created_at < now() - make_interval(days => %(days)s) and settled_at is not null
    limit %(batch)s for update skip locked)
