import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { homeFolder, runtimeFolder, socketPath } from './home.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'f-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('home is what FIREDRILL_HOME says, else in the XDG state folder', () => {
  expect(homeFolder({ FIREDRILL_HOME: '/a/b', XDG_STATE_HOME: '/x' })).toBe('/a/b')
  expect(homeFolder({ XDG_STATE_HOME: '/x', HOME: '/h' })).toBe('/x/firedrill')
  expect(homeFolder({ FIREDRILL_HOME: '', XDG_STATE_HOME: 'relative', HOME: '/h' })).toBe('/h/.local/state/firedrill')
  expect(homeFolder({})).toBe(join(homedir(), '.local/state/firedrill'))
})

test('sockets lie in a folder that is ours alone, and paths that the kernel would cut are refused', () => {
  const env = { XDG_RUNTIME_DIR: folder }
  expect(socketPath(env, 'l.sock')).toBe(join(folder, 'firedrill', 'l.sock'))
  expect(statSync(join(folder, 'firedrill')).mode & 0o777).toBe(0o700)
  expect(() => socketPath(env, 'l'.repeat(100))).toThrow(/longer than 103 bytes/)
  chmodSync(join(folder, 'firedrill'), 0o755)
  expect(() => runtimeFolder(env)).toThrow(/yours alone/)
})
