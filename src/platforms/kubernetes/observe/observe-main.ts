import { serveObserve } from './serve.ts'

serveObserve()
