-- Network servers of LoRaWAN push as platforms do, and call devices by their DevEUI.
alter table push_subscription
    drop constraint push_subscription_platform_check,
    add constraint push_subscription_platform_check check (
        platform in ('ctwing', 'onenet', 'iotda', 'aliyun', 'tencent', 'chirpstack', 'the-things-stack'));

create function push_scheme(platform text) returns text language sql immutable parallel safe as $$
    select case when platform in ('chirpstack', 'the-things-stack') then 'deveui' else platform end
$$;
comment on function push_scheme is 'Scheme of the addresses by which a platform calls devices';
