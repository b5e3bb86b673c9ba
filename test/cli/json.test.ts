import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { expect, test } from 'vitest'
import { root } from '../kit/cli.ts'
import { service } from '../kit/service.ts'
import { experiment, firedrill, place } from './program.ts'

const schemaFile = (name: string): object => JSON.parse(readFileSync(join(root, 'schema', name), 'utf8')) as object
const ajv = new Ajv2020({ strict: false, allErrors: true })
addFormats.default(ajv)
if (existsSync(join(root, 'schema/record.schema.json'))) ajv.addSchema(schemaFile('record.schema.json'), 'record.schema.json')
ajv.addSchema(schemaFile('cli.schema.json'), 'cli.schema.json')

function problems(name: string, text: string): string[] {
  const validate = ajv.getSchema(`cli.schema.json#/$defs/${name}`)
  if (!validate) throw new Error(`no schema ${name}`)
  void validate(JSON.parse(text))
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

test.each([
  { name: 'status', args: ['status'] },
  { name: 'validate', args: ['validate', 'a.yaml', 'bad.yaml'] },
  { name: 'plan', args: ['plan', 'a.yaml'] },
  { name: 'catalog', args: ['catalog'] },
  { name: 'doctor', args: ['doctor'] },
  { name: 'history', args: ['history'] },
  { name: 'undo', args: ['undo'] },
  { name: 'init', args: ['init', 'new/drill.yaml'] },
  { name: 'schema', args: ['schema', 'record'] },
  { name: 'sandbox', args: ['sandbox', 'status'] },
  { name: 'down', args: ['sandbox', 'down'] },
  { name: 'proxies', args: ['proxy', 'status'] },
  { name: 'error', args: ['stop'] },
])('$args prints what schema/cli.schema.json says', async ({ name, args }) => {
  using at = place()
  await using target = await service()
  writeFileSync(join(at.folder, 'a.yaml'), experiment(target.port))
  writeFileSync(join(at.folder, 'bad.yaml'), 'firedrill: 1\n')
  const { stdout, stderr } = await firedrill([...args, '--json'], { cwd: at.folder, env: at.env })
  expect(stdout, stderr).toMatch(/^\{/)
  expect(problems(name, stdout)).toEqual([])
})

test('a link of one’s own: up, status, down', async () => {
  using at = place()
  await using target = await service()
  const options = { cwd: at.folder, env: { ...at.env, XDG_RUNTIME_DIR: at.folder } }
  const up = await firedrill(['proxy', 'up', 'mine', '--to', `127.0.0.1:${target.port}`, '--json'], options)
  try {
    expect(problems('proxyUp', up.stdout)).toEqual([])
    const { listen } = JSON.parse(up.stdout) as { listen: string }
    expect(await (await fetch(`http://${listen}/`)).text()).toBe('ok\n')
    const status = await firedrill(['proxy', 'status', '--json'], options)
    expect(problems('proxies', status.stdout)).toEqual([])
    expect((JSON.parse(status.stdout) as { links: unknown[] }).links).toHaveLength(1)
    expect((await firedrill(['proxy', 'up', 'mine', '--to', '1'], options)).code).toBe(4)
  } finally {
    const down = await firedrill(['proxy', 'down', 'mine', '--json'], options)
    expect(JSON.parse(down.stdout)).toEqual({ ended: true })
  }
})
