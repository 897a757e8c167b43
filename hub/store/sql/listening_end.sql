delete from listening where source = %(source)s
