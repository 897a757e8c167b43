-- Which batch each process has committed last: a commit whose answer was lost is recognised when it is tried again.
alter table dead_letter_turn rename to commit_turn;
alter table commit_turn rename column seq to turn;
