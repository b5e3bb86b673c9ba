export { fileStore } from '../engine/undo/file-store.ts'
