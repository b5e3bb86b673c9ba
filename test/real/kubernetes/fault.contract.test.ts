import { afterAll } from 'vitest'
import { faults, holdToContract } from '../../contract/fault-suite.ts'
import { endSharedPlane } from '../parts/shared-plane.ts'

afterAll(endSharedPlane)

await holdToContract(faults.filter(({ platform }) => platform === 'kubernetes'))
