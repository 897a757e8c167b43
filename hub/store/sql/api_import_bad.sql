update device_import set bad = true where line = any (%(lines)s) and not bad
