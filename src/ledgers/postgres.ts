import { defineLedger } from '../contracts/ledger.ts'
import { reveal } from '../contracts/secret.ts'
import { either, mapOf, object, type Secret, secret, text } from '../domain/shape.ts'
import { checkDsn, loadDriver } from './postgres/connect.ts'
import { openPostgres } from './postgres/session.ts'
import { createStatements, insertStatement, removeStatements } from './postgres/sql.ts'

export type PostgresSpec = {
  readonly write: Secret | string
  readonly nodes: Readonly<Record<string, Secret | string>>
}

const dsn = (doc: string) =>
  either(secret({ doc: 'A reference; use it where the string holds a password.' }), text({ what: 'a connection string', doc }), {
    doc,
    examples: ['$WRITE_DSN', '{env: WRITE_DSN}'],
  })

/** PostgreSQL: a schema of its own with one table; a write is acknowledged when its commit has returned. */
export const postgres = defineLedger<PostgresSpec>({
  name: 'postgres',
  summary: 'Acknowledged rows in a PostgreSQL table of its own, read back from every node',
  parameters: object({
    write: dsn('Where clients write: the address that follows the primary.'),
    nodes: mapOf(dsn('The address of one node itself.'), { min: 1, doc: 'Every node that is read back, by name.' }),
  }),
  footprint: (_spec, namespace) => ({
    creates: [...createStatements(namespace), insertStatement(namespace)],
    removes: removeStatements(namespace),
  }),
  nodeNames: (spec) => Object.keys(spec.nodes),
  async open(spec, context) {
    const nodes = Object.entries(spec.nodes).map(([name, of]) => [name, checkDsn(`node ${name}`, reveal(of, context))])
    const write = checkDsn('write address', reveal(spec.write, context))
    await loadDriver()
    const { namespace, clock } = context
    const note = (said: string): void => context.note(said)
    return openPostgres({ dsn: write, nodes: Object.fromEntries(nodes), namespace, clock, note })
  },
})
