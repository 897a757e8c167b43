-- A step at the desk does not move changed_at, which is when the condition itself changed, by the device's clock.
select alert_apply(%(change)s, %(id)s, %(to)s, null, %(actor)s, %(note)s) as applied
