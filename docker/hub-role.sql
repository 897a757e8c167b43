-- The role that the hub works as. It owns no table: `hub migrate` grants it what it needs, and of the audit only to read and
-- to append. Run at the first start of the database; in one that was there before, by hand as its owner, with a password:
--   POSTGRES_HUB_PASSWORD=... psql --username ganzhi --dbname ganzhi --file hub-role.sql
\getenv password POSTGRES_HUB_PASSWORD
create role ganzhi_hub login password :'password';
