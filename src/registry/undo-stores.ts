export { fileStore } from '../engine/undo/file-store.ts'
export { clusterStore } from '../platforms/kubernetes/hold/store.ts'
