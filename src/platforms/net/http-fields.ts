import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Context } from '../../contracts/context.ts'
import { reveal } from '../../contracts/secret.ts'
import { describe, refused } from '../../domain/error.ts'
import { anyJson, choice, either, flag, mapOf, type Of, object, secret, text, withDefault } from '../../domain/shape.ts'
import type { HttpTarget } from './http-client.ts'

export const httpUrl = text({
  pattern: /^https?:\/\/[^\s/]+/,
  what: 'an address that begins with http:// or https://',
  doc: 'Where to send it.',
  examples: ['https://scoring.example.com/health'],
})
export const httpHeaders = mapOf(either(text(), secret()), { key: 'text', doc: 'Headers to send; a value may be a secret by reference.' })

/** Common to everything that sends a request again and again. */
export const httpFields = {
  method: withDefault(choice(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'], { doc: 'Default GET.' }), 'GET'),
  headers: withDefault(httpHeaders, {}),
  freshDns: withDefault(flag({ doc: 'Look the name up for every connection (default), else once.' }), true),
  insecure: withDefault(flag({ doc: 'Take any certificate.' }), false),
}
export const httpOptionals = {
  body: object(
    {},
    {
      text: text({ doc: 'Sent as it stands.' }),
      json: anyJson({ doc: 'Sent as JSON.' }),
      file: text({ doc: 'Sent as it is read from this file.' }),
    },
    { doc: 'What to send: one of text, json or file.' },
  ),
  ca: text({ doc: 'A PEM file of the authorities to trust.' }),
  address: text({ doc: 'Connect to this IP address, whatever the name says.' }),
}

const shape = object({ url: httpUrl, ...httpFields }, httpOptionals)
export type HttpFields = Of<typeof shape>

/** What to send, secrets revealed and files read, once. Throws a DrillError when one of them is not there. */
export function httpTarget(
  of: HttpFields,
  extra: { readonly keepAlive: boolean; readonly wantBody: boolean },
  context: Context,
): HttpTarget {
  const body = bodyOf(of.body, context.folder)
  return {
    url: of.url,
    method: of.method,
    headers: {
      'firedrill-run': context.run,
      'user-agent': 'firedrill',
      ...(of.body?.json === undefined && !of.body?.file?.endsWith('.json') ? {} : { 'content-type': 'application/json' }),
      ...Object.fromEntries(Object.entries(of.headers).map(([name, value]) => [name.toLowerCase(), reveal(value, context)])),
    },
    body,
    freshDns: of.freshDns,
    insecure: of.insecure,
    address: of.address,
    ca: of.ca === undefined ? undefined : readText(of.ca, context.folder).toString('utf8'),
    ...extra,
  }
}

function bodyOf(body: HttpFields['body'], folder: string): Buffer | undefined {
  if (!body) return undefined
  const given = [body.text, body.json, body.file].filter((one) => one !== undefined)
  if (given.length !== 1) throw refused('A body is one of text, json and file', 'BAD_BODY')
  if (body.file !== undefined) return readText(body.file, folder)
  return Buffer.from(body.text ?? JSON.stringify(body.json))
}

function readText(file: string, folder: string): Buffer {
  try {
    return readFileSync(resolve(folder, file))
  } catch (error) {
    throw refused(`${file} cannot be read: ${describe(error)}`, 'FILE_MISSING', [], error)
  }
}
