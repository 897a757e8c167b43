select id, array(select jsonb_object_keys(metrics)) as metrics from profile where code = %(code)s
