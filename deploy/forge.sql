-- The role and the database of forge, once, on the new cluster; the schema is made by forge itself.
-- psql "host=127.0.0.1 port=5000 user=postgres dbname=postgres" -v password="$FORGE_PASSWORD" -f deploy/forge.sql

CREATE ROLE forge LOGIN PASSWORD :'password';
-- A process that hangs in the middle of a transaction keeps its locks no longer than this.
ALTER ROLE forge SET idle_in_transaction_session_timeout = '30s';
CREATE DATABASE forge OWNER forge;
REVOKE CONNECT ON DATABASE forge FROM PUBLIC;
