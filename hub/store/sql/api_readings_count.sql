select count(*) as n from reading
