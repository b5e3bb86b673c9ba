import { EXPERIMENT, firedrill } from '../kit/program.ts'
import { inTurn, ratioOf, type Took } from '../kit/rounds.ts'
import { inMs, print, type Row, times } from '../kit/table.ts'

/** How long the program takes to start, against Node with nothing to do. `node bench/start/main.ts [rounds]` */
const VERSION_LIMIT = 2

const [bare, version, ...others] = inTurn(
  [
    { name: 'node -e 0', argv: [process.execPath, '-e', '0'] },
    { name: 'firedrill --version', argv: firedrill('--version') },
    { name: 'firedrill --help', argv: firedrill('--help') },
    { name: 'firedrill status', argv: firedrill('status') },
    { name: 'firedrill catalog', argv: firedrill('catalog') },
    { name: 'firedrill validate', argv: firedrill('validate', EXPERIMENT) },
  ],
  Number(process.argv[2] ?? 20),
)
if (!bare || !version) throw new Error('nothing was measured')

const row = (took: Took): Row => ({
  what: took.name,
  measured: `${took.cpu === null ? '' : `${inMs(took.cpu)} cpu, `}${inMs(took.wall.min)} min, ${inMs(took.wall.median)} median`,
  ratio: times(ratioOf(took, bare)),
})
print('cold start, against bare Node', [
  row(bare),
  { ...row(version), limit: `≤ ${times(VERSION_LIMIT)}`, held: ratioOf(version, bare) <= VERSION_LIMIT },
  ...others.map(row),
])
