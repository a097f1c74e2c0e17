-- The role and the database of forge; the schema is made by forge itself. Once on a new cluster, or again: it does no harm.
-- psql "host=127.0.0.1 port=5000 user=postgres dbname=postgres" -v password="$FORGE_PASSWORD" -f deploy/forge.sql

SELECT 'CREATE ROLE forge LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'forge') \gexec
ALTER ROLE forge PASSWORD :'password';
-- A process that hangs in the middle of a transaction keeps its locks no longer than this.
ALTER ROLE forge SET idle_in_transaction_session_timeout = '30s';
SELECT 'CREATE DATABASE forge OWNER forge' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'forge') \gexec
REVOKE CONNECT ON DATABASE forge FROM PUBLIC;
