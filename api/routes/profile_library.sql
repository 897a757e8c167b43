-- name: installed
update profile set installed = version where code = %(code)s and installed is distinct from version

-- name: states
-- What there is of some profiles, and whether it is still what came from the library.
select code, version, installed, coalesce(installed = version, false) as untouched
from profile where code = any (%(codes)s)
