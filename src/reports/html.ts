import { createHash } from 'node:crypto'
import { defineReport, type ReportInput } from '../contracts/report.ts'
import { CONTROL } from './html/control.ts'
import { pageData } from './html/data.ts'
import { DRAWING } from './html/drawing.ts'
import { faults } from './html/faults.ts'
import { html as markup, trusted } from './html/markup.ts'
import { ledgers, measures, service } from './html/measures.ts'
import { objectives } from './html/objectives.ts'
import { overview } from './html/overview.ts'
import { environment, experiment, findings } from './html/rest.ts'
import { STYLE } from './html/style.ts'
import { timeline } from './html/timeline.ts'
import { VERDICT_WORDS } from './words.ts'

const CLIENT = DRAWING + CONTROL

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** Nothing is fetched, and nothing runs but the one style and the one script that were written here. */
const policy = (): string => `default-src 'none'; base-uri 'none'; form-action 'none'; style-src ${hash(STYLE)}; script-src ${hash(CLIENT)}`

/** JSON that cannot end the element it stands in. */
const embedded = (value: unknown): string => JSON.stringify(value).replaceAll('<', String.raw`\u003c`)

/** Not written out in the template: a bundler that meets it in a tagged one rewrites the tag with a helper from a package of its own. */
const SCRIPT_END = trusted(`<${'/script'}>`)

/** One file that opens offline, prints, and can be read without eyes, colours or scripts. */
export const html = defineReport({
  name: 'html',
  summary: 'One self-contained page: verdict, objectives against their intervals, timeline at any zoom, proofs, ledger, findings',
  file: 'report.html',
  render: (input: ReportInput) => {
    const { record } = input
    const data = pageData(input)
    return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted(policy())}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${VERDICT_WORDS[record.verdict].word}: ${record.experiment.title}</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
${overview(record)}
<main>
${objectives(record)}
${findings(record)}
${timeline(input, data)}
${faults(record)}
${service(record)}
${ledgers(record)}
${measures(record)}
${environment(record)}
${experiment(input)}
</main>
<script type="application/json" id="data">${trusted(embedded(data))}${SCRIPT_END}
<script>${trusted(CLIENT)}${SCRIPT_END}
</body>
</html>
`.markup
  },
})
