-- Codes that differ by case only are told of when a device is registered. It was in 0026 for a while.
create index if not exists device_code_folded on device (lower(code));

-- What follows # was never sent, and an address that is set may not have it any more.
update consumer set url = regexp_replace(url, '#.*$', '') where url like '%#%';
