/** What survives a round trip through JSON: undo records, specs and events are made of nothing else. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export type JsonObject = { readonly [key: string]: Json | undefined }
