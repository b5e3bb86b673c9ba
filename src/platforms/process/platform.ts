import { definePlatform } from '../../contracts/platform.ts'
import { count, either, flag, keyed, list, text } from '../../domain/shape.ts'
import { findProcesses, type ProcessSelector } from './select.ts'
import { targetOf } from './target.ts'

const pidFile = text({ examples: ['run/eu/*.pid', 'data/postmaster.pid'] })

/** Processes of this machine, pinned by pid and start time. */
export const processPlatform = definePlatform<ProcessSelector>({
  name: 'process',
  summary: 'Processes of this machine, found by pid, pid file, listening port or command line',
  local: true,
  selector: keyed<ProcessSelector>(
    'way to find a process',
    {
      pid: count({ min: 2, doc: 'The process id' }),
      pidFile: either(pidFile, list(pidFile, { min: 1 }), { doc: 'A file, or a pattern of files, whose first line is a process id' }),
      port: count({ min: 1, max: 65_535, doc: 'The TCP port it listens on' }),
      command: text({ doc: 'A part of its command line, or /a regular expression/', examples: ['model-server', '/serve --port \\d+/'] }),
    },
    {},
    { tree: flag({ doc: 'Everything that descends from it, too' }) },
    { doc: 'Exactly one way to find the processes' },
  ),
  async resolve(selector, { folder, signal }) {
    signal.throwIfAborted()
    return (await findProcesses(selector, folder)).map(targetOf)
  },
})
