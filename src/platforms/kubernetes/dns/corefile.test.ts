import { describe, expect, test } from 'vitest'
import { blockOf, parseCorefile, reloads, withPlugin } from './corefile.ts'

const USUAL = `.:53 {
    errors # a comment with { a brace
    kubernetes cluster.local {
        pods insecure
    }
    template IN A old.example {
        answer "{{ .Name }} 60 IN A 192.0.2.9"
    }
    reload 10s
}
(snippet) {
    log
}
import zones/*
a.example b.example:5353,
c.example {
    import snippet
    forward . {$UPSTREAM}
}
`

const parsed = (text: string) => parseCorefile(text) ?? []

describe('a Corefile', () => {
  test('is server blocks with their plugins', () => {
    const blocks = parsed(USUAL)
    expect(blocks.map(({ zones }) => zones)).toEqual([['.:53'], ['(snippet)'], ['a.example:53', 'b.example:5353', 'c.example:53']])
    expect(blocks[0]?.plugins.map(({ name, args }) => [name, ...args].join(' '))).toEqual([
      'errors',
      'kubernetes cluster.local',
      'template IN A old.example',
      'reload 10s',
    ])
  })

  test.each([
    ['.:53', 0],
    ['.', 0],
    ['dns://.:53', 0],
    ['c.example', 2],
    ['b.example', undefined],
    ['B.example:5353', 2],
  ])('has a block for %s', (zone, index) => {
    const blocks = parsed(USUAL)
    expect(blockOf(blocks, zone)).toBe(index === undefined ? undefined : blocks[index])
  })

  test.each([
    ['one brace too few', '. {\n  errors\n'],
    ['one brace too many', '. {\n}\n}\n'],
    ['a block without a zone', '{\n  errors\n}\n'],
    ['no braces at all', '.:53\nerrors\n'],
    ['a quotation that does not end', '. {\n  template ANY ANY x {\n    answer "x\n }\n}\n'],
  ])('is not understood with %s', (_, text) => expect(parseCorefile(text)).toBeUndefined())

  test.each([
    ['. {\n  reload\n}\n', true],
    ['. {\n  reload 2s 1s\n}\n', true],
    ['. {\n  reload 0\n}\n', false],
    ['. {\n  reload 0s\n}\n', false],
    ['. {\n  # reload\n  forward . reload\n}\n', false],
  ])('%j takes changes up by itself: %s', (text, expected) => expect(reloads(parsed(text))).toBe(expected))

  test('gets a plugin as the first of a block and is otherwise as it was', () => {
    const [, , block] = parsed(USUAL)
    const added = block && withPlugin(USUAL, block, ['template ANY ANY x.example {', '    rcode SERVFAIL', '}'])
    expect(added).toContain('c.example {\n    template ANY ANY x.example {\n        rcode SERVFAIL\n    }\n    import snippet\n')
    expect(added?.replace(/\n {4}template ANY ANY x.example \{\n {8}rcode SERVFAIL\n {4}\}/, '')).toBe(USUAL)
    expect(parsed(added ?? '')[2]?.plugins[0]).toEqual({ name: 'template', args: ['ANY', 'ANY', 'x.example'] })
  })

  test('that would not be understood with it is left alone', () => {
    const text = '. { errors\n}\n'
    const [block] = parsed(text)
    expect(block && withPlugin(text, block, ['log'])).toBeUndefined()
    const [fine] = parsed(USUAL)
    expect(fine && withPlugin(USUAL, fine, ['template ANY ANY x {'])).toBeUndefined()
  })
})
