-- Codes that begin like a wrong one, to suggest.
select code from device where code ^@ left(%(code)s, 2) order by code limit 1000
