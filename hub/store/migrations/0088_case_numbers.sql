-- Numbers of cases go on beyond the 999,999th: lpad cuts what is longer.
create or replace function case_number(reported_at timestamptz) returns text language sql volatile as $$
    select to_char(reported_at at time zone 'Asia/Shanghai', 'YYYYMMDD') || '-'
           || lpad(n::text, greatest(6, length(n::text)), '0')
    from nextval('public.case_number_of_day') as n
$$;
