-- name: subscriptions
select code, platform, secret, key, networks from push_subscription where enabled
