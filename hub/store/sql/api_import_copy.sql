copy device_import (line, code, name, profile, parent, organisation, region, lon, lat, zone, state, tags, bad) from stdin
