import { defineConfig } from 'vitest/config'

const shared = { environment: 'node', pool: 'forks', testTimeout: 30_000, hookTimeout: 30_000 } as const

export default defineConfig({
  test: {
    projects: [
      {
        test: { ...shared, name: 'fast', include: ['src/**/*.test.ts', 'test/**/*.test.ts'], exclude: ['test/drills/**', 'test/real/**'] },
      },
      { test: { ...shared, name: 'drills', include: ['test/drills/**/*.test.ts'], testTimeout: 300_000, fileParallelism: false } },
      {
        test: {
          ...shared,
          name: 'real',
          include: ['test/real/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
