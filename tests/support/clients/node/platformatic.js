// SPDX-License-Identifier: Apache-2.0
// @platformatic/kafka as a driver. It reads only as a member of a group.
'use strict'

const { pathToFileURL } = require('url')
const lines = require('./lines.js')

const FAST = { clientId: 'driver', bootstrapBrokers: [lines.bootstrap], retries: 40, retryDelay: 50, metadataMaxAge: 200 }
const members = new Map()
let client
let count = 0

async function using (made, use) {
  try {
    return await use(made)
  } finally {
    await made.close(true)
  }
}
const withAdmin = use => using(new client.Admin({ ...FAST, retries: 2 }), use)
const bytesOf = data => data ?? null
const read = m => lines.recordOut(m.partition, m.offset, m.timestamp, bytesOf(m.key), bytesOf(m.value),
  [...(m.headers ?? [])].map(([name, value]) => [name.toString(), bytesOf(value)]))

const consumer = groupId => new client.Consumer({
  ...FAST, groupId, autocommit: false, maxWaitTime: 100, minBytes: 1, sessionTimeout: 6000, rebalanceTimeout: 6000, heartbeatInterval: 200
})

/** The first number of Kafka's in an error and what caused it. */
function code (error) {
  return error?.apiCode ?? (error?.errors ?? [error?.cause]).filter(Boolean).map(code).find(found => found !== undefined)
}

const driver = {
  code,
  info: () => ({ client: `@platformatic/kafka ${client.version ?? ''}`.trim() }),
  create: ({ topic, partitions }) => withAdmin(async admin => { await admin.createTopics({ topics: [topic], partitions, replicas: 1 }) }),
  delete: ({ topic }) => withAdmin(admin => admin.deleteTopics({ topics: [topic] })),
  topics: () => withAdmin(async admin => ({ topics: (await admin.listTopics()).sort() })),
  describe: ({ topic }) => withAdmin(async admin => {
    const found = await admin.metadata({ topics: [topic] })
    return {
      partitions: found.topics.get(topic).partitions.map((p, number) => [number, p.leader]),
      brokers: [...found.brokers].map(([id, { host, port }]) => [id, host, port])
    }
  }),

  produce: ({ topic, codec, idempotent, records }) => using(new client.Producer(FAST), async producer => {
    const messages = records.map(lines.recordIn).map(r => ({
      topic,
      partition: r.partition,
      key: r.key ?? undefined,
      value: r.value ?? undefined,
      timestamp: r.timestamp === null ? undefined : BigInt(r.timestamp),
      headers: new Map(r.headers.map(([name, value]) => [Buffer.from(name), value]))
    }))
    const done = await producer.send({ messages, compression: codec, idempotent, acks: -1 })
    const next = new Map(done.offsets.map(o => [o.partition, Number(o.offset)]))
    return {
      offsets: messages.map(m => {
        const offset = next.get(m.partition)
        next.set(m.partition, offset + 1)
        return offset
      })
    }
  }),

  consume: ({ topic, partition, offset, count: wanted }) => using(consumer(`consume-${++count}`), async reader => {
    const found = []
    const stream = await reader.consume({ topics: [topic], mode: 'manual', offsets: [{ topic, partition, offset: BigInt(offset) }] })
    stream.on('data', m => { if (m.partition === partition) found.push(read(m)) })
    await lines.until(() => found.length >= wanted)
    return { records: found.slice(0, wanted) }
  }),

  times: ({ topic, partition, times }) => using(consumer(`times-${++count}`), async reader => {
    const offsets = []
    for (const when of times) {
      const found = await reader.listOffsets({ topics: [topic], partitions: { [topic]: [partition] }, timestamp: BigInt(when) })
      const offset = Number(found.get(topic)[partition])
      offsets.push(offset < 0 ? null : offset)
    }
    return { offsets }
  }),

  join: async ({ member, group, topic }) => {
    const log = new lines.Log()
    const made = consumer(group)
    members.set(member, { log, made, topic })
    made.on('consumer:group:join', ({ assignments }) => log.assign((assignments ?? []).flatMap(a => a.topic === topic ? a.partitions : [])))
    const stream = await made.consume({ topics: [topic], mode: 'committed', fallbackMode: 'earliest' })
    stream.on('data', m => log.add(read(m)))
    stream.on('error', e => { log.fault = e })
  },
  state: ({ member }) => {
    const { log } = members.get(member)
    if (log.fault) throw log.fault
    return log.state
  },
  commit: ({ member }) => {
    const { log, made, topic } = members.get(member)
    const offsets = log.reached().map(([partition, offset]) => ({ topic, partition, offset: BigInt(offset), leaderEpoch: 0 }))
    return made.commit({ offsets })
  },
  leave: ({ member }) => {
    const { made } = members.get(member)
    members.delete(member)
    return made.close(true)
  },

  committed: ({ group, topic, partitions }) => withAdmin(async admin => {
    const [found] = await admin.listConsumerGroupOffsets({ groups: [{ groupId: group, topics: [{ name: topic, partitionIndexes: partitions }] }] })
    const offsets = new Map(found.topics.flatMap(t => t.partitions).map(p => [p.partitionIndex, Number(p.committedOffset)]))
    return { offsets: partitions.map(p => (offsets.get(p) >= 0 ? offsets.get(p) : null)) }
  }),
  groups: () => withAdmin(async admin => ({ groups: [...(await admin.listGroups()).keys()].sort() })),
  group: ({ group }) => withAdmin(async admin => {
    const found = (await admin.describeGroups({ groups: [group] })).get(group)
    const state = found.state.toLowerCase().replace(/(^|_)(.)/g, (_, __, letter) => letter.toUpperCase())
    return { state, members: found.members.size }
  })
}

// Where a connection of its pool ends while it connects, it calls what is no function (1.35.0); its requests are tried again.
process.on('uncaughtException', e => process.stderr.write(`${e.stack}\n`))

import(pathToFileURL(lines.load.resolve('@platformatic/kafka'))).then(loaded => {
  client = loaded
  return lines.run(driver)
})
