import { expect, test } from 'vitest'
import { quantityOf } from './quantity.ts'

test.each([
  ['100m', 0.1],
  ['0.5', 0.5],
  [2, 2],
  ['64Mi', 67_108_864],
  ['64M', 64e6],
  ['1e3', 1000],
  ['5E', 5e18],
  ['x', Number.NaN],
  ['1Q', Number.NaN],
])('%s is %d', (text, expected) => expect(quantityOf(text)).toBe(expected))
