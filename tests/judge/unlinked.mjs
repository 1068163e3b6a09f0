// Takes the funding links out of package-lock.json, so that it names no host.
import { readFileSync, writeFileSync } from 'node:fs'

const path = new URL('package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(path, 'utf8'))
for (const part of Object.values(lock.packages)) delete part.funding
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
