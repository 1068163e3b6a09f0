// What mail programs do not support in each file, as caniemail sees it: {file: [[title, client], …]}, as JSON.
import { readFileSync } from 'node:fs'
import { caniemail } from 'caniemail'

const [clients, ...files] = process.argv.slice(2)
const found = Object.fromEntries(
  files.map((file) => {
    const { issues } = caniemail({ clients: clients.split(','), html: readFileSync(file, 'utf8') })
    const pairs = Object.values(issues).flatMap((byClient) =>
      [...byClient].flatMap(([client, list]) => list.map(({ title }) => [title, client])),
    )
    return [file, pairs]
  }),
)
process.stdout.write(JSON.stringify(found))
