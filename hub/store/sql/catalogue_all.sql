select id, code from device where code > %(after)s order by code limit %(limit)s
