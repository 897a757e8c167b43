-- Registered codes of a list, and the neighbours of a code in the order of codes: candidates for what was meant.
select code, name, state from device where code = any (%(codes)s::text[])
union
select code, name, state from (
    select code, name, state from device where code > %(code)s order by code limit 20
) after
union
select code, name, state from (
    select code, name, state from device where code < %(code)s order by code desc limit 20
) before
