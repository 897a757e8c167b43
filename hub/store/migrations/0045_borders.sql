-- Where areas and divisions end, as far as outlines are known: each edge of an outline is a row.
create table border (
    key text not null,
    lon1 float8 not null,
    lat1 float8 not null,
    lon2 float8 not null,
    lat2 float8 not null,
    reach box generated always as (box(point(lon1, lat1), point(lon2, lat2))) stored
);
create index border_key on border (key);
create index border_reach on border using gist (reach);
comment on table border is 'Edges of the outlines of areas and divisions, WGS 84';
comment on column border.key is 'The significant digits of a division, or @ and the code of an area';

create function edges_of(outline jsonb) returns table (lon1 float8, lat1 float8, lon2 float8, lat2 float8)
language sql immutable parallel safe as $$
    select x1, y1, x, y
    from (select lag(x) over (order by n) as x1, lag(y) over (order by n) as y1, x, y, n
          from (select (p ->> 0)::float8 as x, (p ->> 1)::float8 as y, n
                from jsonb_array_elements(outline -> 'coordinates' -> 0) with ordinality as points (p, n)) points) edges
    where n > 1
$$;
create function area_border() returns trigger language plpgsql as $$
begin
    delete from border where key = '@' || coalesce(old.code, new.code);
    if tg_op <> 'DELETE' then
        insert into border (key, lon1, lat1, lon2, lat2) select '@' || new.code, e.* from edges_of(new.outline) e;
    end if;
    return null;
end $$;
create trigger border after insert or update of outline or delete on area
    for each row execute function area_border();
insert into border (key, lon1, lat1, lon2, lat2) select '@' || a.code, e.* from area a, edges_of(a.outline) e;

-- Metres on the sphere (radius 6,371,008.8 m) from a point to an edge, which is straight in degrees, as in GeoJSON. The
-- nearest place is found in the plane that touches at the point: right to 0.1 % within 50 km.
create function metres_to_edge(lon float8, lat float8, lon1 float8, lat1 float8, lon2 float8, lat2 float8)
returns float8 language sql immutable parallel safe as $$
    select 2 * 6371008.8 * asin(least(1, sqrt(
        power(sin(radians(near.y - lat) / 2), 2)
        + cos(radians(lat)) * cos(radians(near.y)) * power(sin(radians(near.x - lon) / 2), 2))))
    from (select cos(radians(lat)) as k) scale,
         lateral (select (lon2 - lon1) * k as dx, lat2 - lat1 as dy, (lon - lon1) * k as px, lat - lat1 as py) edge,
         lateral (select case when dx = 0 and dy = 0 then 0
                              else greatest(0, least(1, (px * dx + py * dy) / (dx * dx + dy * dy))) end as t) along,
         lateral (select lon1 + t * (lon2 - lon1) as x, lat1 + t * (lat2 - lat1) as y) near
$$;

-- The borders that a place is at most so many metres from, each with its distance. 111,000: a degree is more than that.
create function borders_near(lon float8, lat float8, metres float8) returns table (key text, distance float8)
language sql stable parallel safe as $$
    select b.key, min(metres_to_edge($1, $2, b.lon1, b.lat1, b.lon2, b.lat2))
    from border b
    where b.reach && box(
        point($1 - $3 / 111000 / greatest(cos(radians($2)), 0.01), $2 - $3 / 111000),
        point($1 + $3 / 111000 / greatest(cos(radians($2)), 0.01), $2 + $3 / 111000))
    group by b.key
    having min(metres_to_edge($1, $2, b.lon1, b.lat1, b.lon2, b.lat2)) <= $3
$$;
