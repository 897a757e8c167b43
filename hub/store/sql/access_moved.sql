-- Whether anything that rights depend on changed since a snapshot's xmin.
select exists (select from credential where revision >= %(since)s::xid8)
    or exists (select from device where revision >= %(since)s::xid8)
