-- New devices get their ids before they are written, so that a child finds its parent's in one pass.
update device_import set id = nextval(pg_get_serial_sequence('device', 'id')) where fresh
