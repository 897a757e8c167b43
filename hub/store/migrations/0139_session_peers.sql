-- From where a device is connected, when its last good frame came, and whether another connection sends with its number.
alter table session
    add column peer text,
    add column frame_at timestamptz,
    add column twin_at timestamptz,
    add column twin_peers text[],
    add check ((twin_at is null) = (twin_peers is null));
alter table session set (fillfactor = 70);
comment on column session.peer is 'Address of the peer; null: of a transport that does not tell it';
comment on column session.frame_at is 'When the last frame came that could be read, as of half a minute ago';
comment on column session.twin_at is 'When it was last seen that two connections send with its number';
comment on column session.twin_peers is 'Addresses of these: the newer one, which has the session, and the older one';

create or replace view scoped.session as
select s.* from public.session s where exists (select from scoped.device d where d.id = s.device_id);
