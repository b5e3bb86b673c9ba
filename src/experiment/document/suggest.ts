/** Edits between two words: insert, delete, replace, swap neighbours (optimal string alignment). */
export function distance(a: string, b: string): number {
  let older: readonly number[] = []
  let previous: readonly number[] = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row.push(
        Math.min(
          (previous[j] ?? 0) + 1,
          (row[j - 1] ?? 0) + 1,
          (previous[j - 1] ?? 0) + same,
          swapped ? (older[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      )
    }
    older = previous
    previous = row
  }
  return previous[b.length] ?? 0
}

/** The one of `known` that was probably meant: at most a third of the letters differ. */
export function nearest(written: string, known: Iterable<string>): string | undefined {
  const word = written.toLowerCase()
  let best: { readonly name: string; readonly far: number } | undefined
  for (const name of known) {
    const far = distance(word, name.toLowerCase())
    if (far <= Math.max(1, Math.floor(Math.max(word.length, name.length) / 3)) && (best === undefined || far < best.far))
      best = { name, far }
  }
  return best?.name
}

/** `a, b or c`, cut after twelve. */
export function oneOf(names: Iterable<string>): string {
  const all = [...names]
  if (all.length > 12) return `${all.slice(0, 12).join(', ')}, …`
  return all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} or ${all.at(-1)}`
}
