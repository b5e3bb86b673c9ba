import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort } from '../kit/part.ts'
import { service } from '../kit/service.ts'
import { experiment, firedrill, place } from './program.ts'

test('a drill from the command line: plan, consent by hash, record on stdout, folder, history, report from the folder alone', async () => {
  using at = place()
  await using target = await service()
  const options = { cwd: at.folder, env: at.env }
  writeFileSync(join(at.folder, 'a.yaml'), experiment(target.port))

  const unasked = await firedrill(['run', 'a.yaml'], options)
  expect(unasked.code).toBe(4)
  expect(unasked.stderr).toMatch(/try: firedrill run a\.yaml --approve [0-9a-f]{12}/)

  const planned = await firedrill(['plan', 'a.yaml', '--json'], options)
  expect(planned.code).toBe(0)
  const { hash } = JSON.parse(planned.stdout) as { hash: string }
  const wrong = await firedrill(['run', 'a.yaml', '--approve', '0'.repeat(12)], options)
  expect(wrong.code).toBe(4)

  const ran = await firedrill(['run', 'a.yaml', '--approve', hash.slice(0, 12), '--out', 'out', '--json'], options)
  const record = JSON.parse(ran.stdout) as { run: string; verdict: string; exit: number; objectives: unknown[]; plan: { hash: string } }
  expect(ran.code, ran.stderr).toBe(record.exit)
  expect(record.plan.hash).toBe(hash)
  expect(record.objectives).toHaveLength(1)
  for (const file of ['journal.ndjson', 'plan.json', 'experiment.yaml', 'report.json', 'report.html', 'report.md', 'junit.xml'])
    expect(existsSync(join(at.folder, 'out', file)), file).toBe(true)
  expect(JSON.parse(readFileSync(join(at.folder, 'out/report.json'), 'utf8'))).toEqual(record)

  const again = await firedrill(['report', 'out', '--no-write', '--json'], options)
  expect(again.code).toBe(record.exit)
  expect(JSON.parse(again.stdout)).toEqual(record)

  const history = JSON.parse((await firedrill(['history', '--json'], options)).stdout) as { drills: { run: string; verdict: string }[] }
  expect(history.drills).toMatchObject([{ run: record.run, verdict: record.verdict }])
  expect((await firedrill(['run', 'a.yaml', '--yes', '--out', 'out'], options)).code).toBe(64)
  expect((await fetch(`http://127.0.0.1:${target.port}/`)).status).toBe(200)
}, 60_000)

test('nobody listens: refused, nothing injected, exit 4', async () => {
  using at = place()
  writeFileSync(join(at.folder, 'a.yaml'), experiment(await freePort()))
  const { code, stderr } = await firedrill(['run', 'a.yaml', '--yes'], { cwd: at.folder, env: at.env })
  expect(code).toBe(4)
  expect(stderr).toMatch(/matches nothing/)
})

test('a kind that is not built yet: a note for validate, refused by plan and run', async () => {
  using at = place()
  const yaml = experiment(1)
    .replace('web: {process: {port: 1}}', 'web: {aws: {instances: [i-1]}}')
    .replace('process/pause', 'aws/instance-stop')
  writeFileSync(join(at.folder, 'a.yaml'), yaml)
  const options = { cwd: at.folder, env: at.env }
  expect((await firedrill(['validate', 'a.yaml'], options)).code).toBe(0)
  expect((await firedrill(['plan', 'a.yaml'], options)).code).toBe(4)
  expect((await firedrill(['run', 'a.yaml', '--yes'], options)).code).toBe(4)
})
