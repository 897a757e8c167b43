-- View libraries (视图库) to which the hub subscribes: a kind of connection.
alter table camera_connection drop constraint camera_connection_kind_check;
alter table camera_connection add check (kind in ('isapi', 'onvif', 'rtsp', 'gat1400'));
