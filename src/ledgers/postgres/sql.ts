/** Who answers: an address that tells nodes apart where there is one, else (unix socket) the moment this server started. */
const SELF = `coalesce(host(inet_server_addr()) || ':' || inet_server_port(), pg_postmaster_start_time()::text)`

export const READ_ONLY = `select pg_is_in_recovery() or current_setting('transaction_read_only') = 'on', ${SELF}`

/** `namespace` is an identifier already: lower case letters, digits and `_`. */
export const tableOf = (namespace: string): string => `"${namespace}".writes`

/**
 * No primary key and no unique constraint, on purpose: a record that is there twice must be seen, not refused by the store.
 * `node` and `at` are what the server says of itself when it writes.
 */
export const createStatements = (namespace: string): readonly string[] => [
  `create schema if not exists "${namespace}"`,
  `create table if not exists ${tableOf(namespace)} (writer integer not null, seq integer not null, node text not null default ${SELF}, at timestamptz not null default clock_timestamp())`,
]

export const removeStatements = (namespace: string): readonly string[] => [
  `drop table if exists ${tableOf(namespace)}`,
  `drop schema if exists "${namespace}"`,
]

/** One statement, one transaction; `synchronous_commit` stays as the server has it. */
export const insertStatement = (namespace: string): string =>
  `insert into ${tableOf(namespace)} (writer, seq) values ($1, $2) returning ${SELF}`

export const readStatement = (namespace: string): string => `select writer, seq from ${tableOf(namespace)}`

export const SCHEMA_EXISTS = 'select 1 from pg_catalog.pg_namespace where nspname = $1'

/** Writers that were given up may still wait for a standby on the server and hold the table: they are ours by name and role. */
export const END_OWN_BACKENDS =
  'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and usename = current_user and pid <> pg_backend_pid()'
