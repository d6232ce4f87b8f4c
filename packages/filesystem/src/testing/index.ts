export { deviceFilesMissing, mountingMissing } from './machine-abilities.ts'
