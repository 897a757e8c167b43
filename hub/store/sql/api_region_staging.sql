create temp table region_import (
    line int, code text, name text, level text, valid_from date, valid_to date, successors text[]
) on commit drop
