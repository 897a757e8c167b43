-- Letters of devices that nobody knows yet are counted by subscription of a platform: so many of each are kept.
create index dead_letter_waiting on dead_letter (split_part(address, '/', 1)) include (payload_size)
where transport = 'push' and reason = 'unknown_device';
