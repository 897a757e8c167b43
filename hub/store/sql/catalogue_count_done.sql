insert into catalogue_counted (at, took_s) values (now(), %(took_s)s)
on conflict (one) do update set at = excluded.at, took_s = excluded.took_s
