-- Where in the payload the fault of a dead letter is: a JSON Pointer (RFC 6901) as a string, or a byte offset as a number.
alter table dead_letter add column at jsonb;
comment on column dead_letter.at is
    'Location of the fault in the payload: JSON Pointer (RFC 6901) or byte offset; null when unknown or not in the payload';
