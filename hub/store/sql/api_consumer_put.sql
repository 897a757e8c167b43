-- Without a secret a known consumer keeps its own.
insert into consumer (code, url, secret, min_level, region, enabled)
values (%(code)s, %(url)s, coalesce(%(secret)s, %(fresh_secret)s), %(min_level)s, %(region)s, %(enabled)s)
on conflict (code) do update
set url = excluded.url, secret = coalesce(%(secret)s, consumer.secret), min_level = excluded.min_level,
    region = excluded.region, enabled = excluded.enabled
returning xmax = 0 as created
