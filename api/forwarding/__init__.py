"""Forwards what is stored to others as it comes: a superior platform over HJ 212, MQTT, Kafka."""
