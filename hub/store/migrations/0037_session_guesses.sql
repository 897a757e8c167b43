-- Wrong passwords and codes that a session has given: a stolen cookie does not guess for ever.

alter table login_session add column guesses int not null default 0;
comment on column login_session.guesses is 'Passwords and codes given in it that were wrong, or are being looked at';
