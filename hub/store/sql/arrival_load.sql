select seq, entries from arrival where source = %(source)s order by seq
