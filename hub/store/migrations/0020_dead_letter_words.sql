-- What the sentence of a dead letter was made of, so that it can be told in the reader's language.
alter table dead_letter add column detail_words jsonb;
comment on column dead_letter.detail is 'What is wrong, in English';
comment on column dead_letter.detail_words is
    'Key and values of detail in the catalogue of texts; null for letters of earlier versions, which are shown as they are';
