-- What pends goes on after its rule was changed, as long as the rule watches the same signal.
alter table rule_pending add column signal text;
comment on column rule_pending.signal is 'What the rule watched; null: noted before this column was there';
comment on column rule_pending.revision is 'Of the rule when it was noted';
