-- The folder of pictures may not take one: what its event says then.
comment on column event_picture.why is
'Why there is none: too_slow, gate_full, not_kept, not_stored, or refused: and a reason';
comment on column event_clip.why is
'Why there is none: follows, shed, busy, too_slow, too_many_bytes, no_frames, not_kept, not_stored';
