import { defineAction } from '../contracts/action.ts'
import { refused } from '../domain/error.ts'
import { callHttp, type HttpRequest, httpRequest, sayRequest } from '../platforms/http/call.ts'

/** A step that a request takes. */
export const http = defineAction<HttpRequest>({
  name: 'http',
  summary: 'Sends one request, and fails unless the answer is what was expected',
  parameters: httpRequest,
  describe: sayRequest,
  async perform(request, context) {
    const { ok, said } = await callHttp(request, context)
    if (!ok) throw refused(`${sayRequest(request)}: ${said}`, 'CALL_FAILED')
    return `${sayRequest(request)}: ${said}`
  },
})
