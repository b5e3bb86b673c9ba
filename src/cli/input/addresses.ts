import { usage } from '../../domain/error.ts'

const LOOPBACK = '127.0.0.1'

/** `host:port` or a bare port on loopback; `[::1]:80` as well. Throws (usage). */
export function parseAddress(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:(\[[0-9a-fA-F:]+\]|[^:]+):)?(\d{1,5})$/.exec(text)
  const port = Number(match?.[2])
  if (!match || port > 65_535) throw usage(`${text} is no address: write host:port, or a port on loopback.`, 'ADDRESS_SYNTAX')
  return { host: (match[1] ?? LOOPBACK).replaceAll(/[[\]]/g, ''), port }
}

export const addressText = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
