// Bluesky's own PLC directory, PDS and AppView on loopback. Prints their addresses as one line of JSON once they
// answer. For each line on stdin, waits until the AppView has indexed what was written, and prints a line.
// Ends with its input.
import readline from 'node:readline'
import { TestNetwork } from '@atproto/dev-env'

const say = (value) => console.log(JSON.stringify(value))
const network = await TestNetwork.create({ dbPostgresSchema: 'peers' })

// network.processAll() waits for the moderation service and the private service as well, which takes longer.
async function settle() {
  await network.pds.processAll()
  await network.processFullSubscription(60_000)
  await network.bsky.sub.processAll()
}

say({ pds: network.pds.url, appview: network.bsky.url, ...network.pds.adminAuthHeaders() })
for await (const _ of readline.createInterface({ input: process.stdin })) {
  const late = new Promise((_, reject) => setTimeout(reject, 120_000, new Error('the AppView did not keep up')))
  await Promise.race([settle(), late]).then(() => say({}), (error) => say({ error: String(error) }))
}
process.exit(0)
