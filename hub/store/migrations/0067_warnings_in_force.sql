-- Warnings in force are a few among those of a year: each open page asks for them every 20 s.
create index on warning (ends_at);
