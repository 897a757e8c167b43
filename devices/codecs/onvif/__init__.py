"""ONVIF: notifications of PullPoint subscriptions, and of cameras that publish over MQTT."""
