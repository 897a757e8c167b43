copy region_import (line, code, name, level, valid_from, valid_to, successors) from stdin
