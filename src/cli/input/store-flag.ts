import { Flags } from '@oclif/core'

/** Where to look besides this machine; may be given several times. */
export const storeFlag = () =>
  Flags.string({
    multiple: true,
    multipleNonGreedy: true,
    summary: 'Also look there: kubernetes:CONTEXT[/NAMESPACE] or a folder',
    helpValue: 'WHERE',
  })
