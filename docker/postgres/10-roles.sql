-- Runs once, in an empty data directory, as the superuser that the image makes. Creates the two roles of the service:
-- crm_migrator owns the schema and its tables; the API and the worker log in as crm_runtime, which owns nothing.
-- psql reads the passwords from its environment, so that they appear in no process's arguments.
\getenv migrator_password POSTGRES_MIGRATOR_PASSWORD
\getenv runtime_password POSTGRES_RUNTIME_PASSWORD

CREATE ROLE crm_migrator LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'migrator_password';
CREATE ROLE crm_runtime LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'runtime_password';

ALTER DATABASE crm OWNER TO crm_migrator;
REVOKE ALL ON DATABASE crm FROM PUBLIC;
GRANT CONNECT ON DATABASE crm TO crm_runtime;
