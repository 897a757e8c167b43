delete from device_import where bad
