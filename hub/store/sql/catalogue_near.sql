-- Names of a kind, to suggest.
select code from organisation where %(what)s = 'organisation' union
select code from profile where %(what)s = 'profile' union
select category from profile where %(what)s = 'category' and category is not null
order by 1 limit 1000
