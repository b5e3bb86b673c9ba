import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { describe, refused } from '../../domain/error.ts'
import { OUTCOMES, SAMPLES_HEADER } from '../../domain/sample.ts'

/** Appends samples to a file of whole microseconds; buffers until it is flushed. */
export interface SampleFile {
  add(planned: number, start: number, end: number, outcome: number, code: string): void
  /** Everything that was added before is with the operating system when it resolves. Rejects when the disk will not take it. */
  flush(): Promise<void>
  close(): Promise<void>
}

const LONGEST_CODE = 64

/** Codes are short words: what would break a line of the file becomes a blank. */
export const cleanCode = (code: string): string =>
  (/^[!#-+\--~]*$/.test(code) ? code : code.replace(/[^ !#-+\--~]/g, ' ').trim()).slice(0, LONGEST_CODE).trimEnd()

async function create(file: string): Promise<FileHandle> {
  try {
    await mkdir(dirname(file), { recursive: true })
    return await open(file, 'w')
  } catch (error) {
    throw refused(`Samples cannot be written to ${file}: ${describe(error)}`, 'CANNOT_WRITE', ['firedrill run … --out FOLDER'], error)
  }
}

/** Creates `file` (an existing one is begun anew) and writes the header. Throws a DrillError when it cannot. */
export async function createSampleFile(file: string): Promise<SampleFile> {
  const handle = await create(file)
  let text = `${SAMPLES_HEADER}\n`
  let writing: Promise<void> = Promise.resolve()

  const flush = (): Promise<void> => {
    if (text === '') return writing
    const batch = text
    text = ''
    writing = writing.then(() => handle.appendFile(batch))
    return writing
  }

  return {
    add(planned, start, end, outcome, code) {
      text += `${planned},${start},${end},${OUTCOMES[outcome]},${code}\n`
    },
    flush,
    async close() {
      try {
        await flush()
      } finally {
        await handle.close()
      }
    },
  }
}
