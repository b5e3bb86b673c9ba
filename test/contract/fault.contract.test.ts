import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { ShapeNode } from '../../src/domain/shape.ts'
import * as platforms from '../../src/registry/platforms.ts'
import { faults, holdToContract, NEEDS_REAL_PARTS } from './fault-suite.ts'

const platformNames = Object.values(platforms).map(({ name }) => name)
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Parameters without a word about them, as paths. */
function undocumented(node: ShapeNode, path: string): readonly string[] {
  if (node.type !== 'object') return node.doc === undefined ? [path] : []
  return Object.entries(node.fields).flatMap(([key, field]) => undocumented(field.node, path === '' ? key : `${path}.${key}`))
}

test('there are faults', () => expect(faults.length).toBeGreaterThan(8))

describe.each(faults.map((fault) => [fault.name, fault] as const))('%s', (name, fault) => {
  test('says what it is', () => {
    expect(name).toMatch(/^[a-z]+\/[a-z][a-z-]*$/)
    expect(existsSync(here(`../../src/faults/${name}.ts`))).toBe(true)
    for (const text of [fault.summary, fault.effectHow, fault.undoHow]) expect(text.length).toBeGreaterThan(10)
    expect(fault.permissions.length).toBeGreaterThan(0)
    expect(fault.undoVersion).toBeGreaterThan(0)
    expect([...platformNames, null]).toContain(fault.platform)
    expect(undocumented(fault.parameters.node, '')).toEqual([])
  })

  test('has a rig', () => expect(existsSync(here(`./rigs/${name}.ts`))).toBe(true))
})

// Those on a platform that is no part of Node are held to the same in test/real.
await holdToContract(faults.filter(({ platform }) => !NEEDS_REAL_PARTS.includes(platform ?? '')))
