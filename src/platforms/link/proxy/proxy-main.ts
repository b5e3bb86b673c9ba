// A link: `node proxy-main.ts '{"name":…,"listen":{"host":…,"port":0},"to":{…},"control":…}'`. A process of its own, so that neither
// firedrill's death nor its load touches the bytes that pass.
import { randomUUID } from 'node:crypto'
import { appendFileSync, rmSync } from 'node:fs'
import { describe } from '../../../domain/error.ts'
import { type ProxyReady, type ProxyStart, readStart } from '../start.ts'
import { startControl } from './control.ts'
import { startProxy } from './proxy.ts'

async function main({ name, listen, to, control, log: file, dieWithStdin }: ProxyStart): Promise<void> {
  const log = (event: string, detail: Readonly<Record<string, string | number>> = {}): void => {
    if (file === undefined) return
    try {
      appendFileSync(file, `${JSON.stringify({ mono: String(process.hrtime.bigint()), who: name, event, ...detail })}\n`)
    } catch {
      // A full disk is no reason to stop passing bytes.
    }
  }
  const proxy = await startProxy({ name, instance: randomUUID(), listen, to, log })
  const server = await startControl(control, proxy)
  const end = (): void => {
    proxy.close()
    server.close()
    rmSync(control, { force: true })
    log('stopped')
    process.exit(0)
  }
  process.once('SIGTERM', end).once('SIGINT', end)
  // Whoever reads the ready line may be gone before it is written.
  process.stdout.on('error', () => undefined)
  if (dieWithStdin) process.stdin.on('error', end).once('end', end).resume()
  const ready: ProxyReady = { ready: true, port: proxy.port, control, pid: process.pid }
  log('started', { port: proxy.port })
  process.stdout.write(`${JSON.stringify(ready)}\n`)
}

const start = readStart(process.argv[2])
if (start === undefined) {
  process.stderr.write('usage: proxy-main \'{"name","listen":{"host","port"},"to":{"host","port"},"control"}\'\n')
  process.exit(64)
}
main(start).catch((error: unknown) => {
  process.stderr.write(`link ${start.name}: ${describe(error)}\n`)
  process.exit(1)
})
