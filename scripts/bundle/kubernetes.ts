import type { Plugin } from 'rolldown'

/** What client-node is made of as far as credentials go: modules that do nothing when they are loaded, so that what is not used is left out. */
export const isCredentials = (id: string): boolean =>
  /\/node_modules\/(?:@kubernetes\/client-node|openid-client|oauth4webapi|jose|jsonpath-plus|rfc4648)\//.test(id)

/**
 * Its requests go over undici (1.2 MB, 30 MB of memory, 80 ms); ours go over Node's own https with the agent that it fills with
 * credentials. Whoever calls what is left out here is told so.
 */
export const credentialsOnly: Plugin = {
  name: 'credentials-only',
  resolveId: (id, importer) => (id === 'undici' && importer?.includes('@kubernetes/client-node') ? '\0undici' : null),
  load: (id) =>
    id === '\0undici'
      ? `const absent = (name) => function () { throw new Error(name + ' of undici is not in this bundle: see scripts/bundle/kubernetes.ts') }
         export const Agent = absent('Agent'), ProxyAgent = absent('ProxyAgent'), fetch = absent('fetch'), FormData = absent('FormData')`
      : null,
}
