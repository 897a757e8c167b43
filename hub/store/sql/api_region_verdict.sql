-- What speaks for or against a division code, whether any are loaded, and what came after it.
select region_verdict(%(code)s) as verdict, exists (select from region) as loaded,
       array(select distinct s.code from region r, unnest(r.successors) s (code) where r.code = %(code)s order by 1)
           as codes
