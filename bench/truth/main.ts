import { EVERY, measureTruth } from './run.ts'

/** `node bench/truth/main.ts [outages per mode]`: 334 by default, 1,002 in all, in about three minutes. */
const results = await measureTruth({ outagesPerMode: Number(process.argv[2] ?? 334), seed: 7 })
const ms = (length: number): string => `${(length * 1000).toFixed(1)} ms`

console.log(`probe every ${ms(EVERY)}; limits are interval + latency (median) + 5 ms, for the onset + the time until a bad answer is known`)
for (const { mode, outages, setAside, inside, unseen, extra, onset, recovery, latency, missed } of results) {
  console.log(
    `${mode}: ${outages} outages, ${((100 * inside) / outages).toFixed(2)} % inside, ${unseen} unseen, ${extra} of none, ${setAside} set aside, ${missed} slots missed, latency ${ms(latency)}`,
  )
  console.log(`  onset     width p50 ${ms(onset.p50)}, p99 ${ms(onset.p99)} (limit ${ms(onset.limit)})`)
  console.log(`  recovery  width p50 ${ms(recovery.p50)}, p99 ${ms(recovery.p99)} (limit ${ms(recovery.limit)})`)
}
const all = results.reduce((sum, { outages }) => sum + outages, 0)
const inside = results.reduce((sum, one) => sum + one.inside, 0)
console.log(`all: ${inside} of ${all} inside (${((100 * inside) / all).toFixed(2)} %)`)
process.exitCode =
  inside / all >= 0.999 && results.every(({ onset, recovery }) => onset.p99 <= onset.limit && recovery.p99 <= recovery.limit) ? 0 : 1
