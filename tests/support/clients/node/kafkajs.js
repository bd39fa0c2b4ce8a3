// SPDX-License-Identifier: Apache-2.0
// kafkajs as a driver. It keeps headers by name, and reads only as a member of a group.
'use strict'

const lines = require('./lines.js')
const { Kafka, CompressionTypes, CompressionCodecs, logLevel, Partitioners } = lines.load('kafkajs')
CompressionCodecs[CompressionTypes.Snappy] = lines.load('kafkajs-snappy')

const CODECS = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP, snappy: CompressionTypes.Snappy }
const kafka = new Kafka({
  clientId: 'driver',
  brokers: [lines.bootstrap],
  logLevel: logLevel.NOTHING,
  retry: { initialRetryTime: 50, maxRetryTime: 300, retries: 30 }
})
const members = new Map()
let count = 0

async function withClient (client, use) {
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.disconnect()
  }
}
const withAdmin = use => withClient(kafka.admin({ retry: { retries: 2 } }), use)

function read (partition, message) {
  const headers = Object.entries(message.headers ?? {})
    .flatMap(([name, value]) => (Array.isArray(value) ? value.map(one => [name, one]) : [[name, value]]))
  return lines.recordOut(partition, message.offset, message.timestamp, message.key, message.value, headers)
}

const consumer = groupId => kafka.consumer({ groupId, sessionTimeout: 6000, heartbeatInterval: 200, maxWaitTimeInMs: 100 })

const driver = {
  code: error => (error.errors ? driver.code(error.errors[0]) : (error.code ?? error.cause?.code)),
  info: () => ({ client: `kafkajs ${lines.load('kafkajs/package.json').version}` }),

  create: ({ topic, partitions }) => withAdmin(async admin => {
    if (!(await admin.createTopics({ topics: [{ topic, numPartitions: partitions, replicationFactor: 1 }] }))) {
      throw Object.assign(new Error('it is there'), { code: 36 }) // all that it tells
    }
  }),
  delete: ({ topic }) => withAdmin(admin => admin.deleteTopics({ topics: [topic] })),
  topics: () => withAdmin(async admin => ({ topics: (await admin.listTopics()).filter(t => !t.startsWith('__')).sort() })),
  describe: ({ topic }) => withAdmin(async admin => {
    const { topics: [found] } = await admin.fetchTopicMetadata({ topics: [topic] })
    const { brokers } = await admin.describeCluster()
    return {
      partitions: found.partitions.map(p => [p.partitionId, p.leader]).sort((a, b) => a[0] - b[0]),
      brokers: brokers.map(b => [b.nodeId, b.host, b.port])
    }
  }),

  produce: ({ topic, codec, idempotent, records }) => {
    const messages = records.map(lines.recordIn).map(r => {
      const headers = {}
      for (const [name, value] of r.headers) {
        headers[name] = name in headers ? [].concat(headers[name], [value]) : value
      }
      return { ...r, timestamp: r.timestamp === null ? undefined : String(r.timestamp), headers }
    })
    const options = { idempotent, createPartitioner: Partitioners.DefaultPartitioner, ...(idempotent ? { maxInFlightRequests: 1 } : {}) }
    return withClient(kafka.producer(options), async producer => {
      const done = await producer.send({ topic, messages, compression: CODECS[codec] })
      const next = new Map(done.map(d => [d.partition, Number(d.baseOffset)]))
      return {
        offsets: messages.map(m => {
          const offset = next.get(m.partition)
          next.set(m.partition, offset + 1)
          return offset
        })
      }
    })
  },

  consume: ({ topic, partition, offset, count: wanted }) => withClient(consumer(`consume-${++count}`), async client => {
    const found = []
    await client.subscribe({ topics: [topic], fromBeginning: true })
    await client.run({
      autoCommit: false,
      eachMessage: async ({ partition: from, message }) => {
        if (from === partition && Number(message.offset) >= offset) found.push(read(partition, message))
      }
    })
    client.seek({ topic, partition, offset: String(offset) })
    await lines.until(() => found.length >= wanted)
    return { records: found.slice(0, wanted) }
  }),

  times: ({ topic, partition, times }) => withAdmin(async admin => {
    const own = list => list.find(p => p.partition === partition)
    const { low, high } = own(await admin.fetchTopicOffsets(topic))
    const offsets = []
    for (const when of times) {
      if (when < 0) {
        offsets.push(Number(when === -1 ? high : low))
      } else { // it gives the end where there is no such record
        const { offset } = own(await admin.fetchTopicOffsetsByTimestamp(topic, when))
        offsets.push(offset === high ? null : Number(offset))
      }
    }
    return { offsets }
  }),

  join: async ({ member, group, topic }) => {
    const log = new lines.Log()
    const client = consumer(group)
    members.set(member, { log, client, topic })
    client.on(client.events.GROUP_JOIN, ({ payload }) => log.assign(payload.memberAssignment[topic] ?? []))
    await client.connect()
    await client.subscribe({ topics: [topic], fromBeginning: true })
    await client.run({ autoCommit: false, eachMessage: async ({ partition, message }) => log.add(read(partition, message)) })
  },
  state: ({ member }) => members.get(member).log.state,
  commit: ({ member }) => {
    const { log, client, topic } = members.get(member)
    return client.commitOffsets(log.reached().map(([partition, offset]) => ({ topic, partition, offset: String(offset) })))
  },
  leave: ({ member }) => {
    const { client } = members.get(member)
    members.delete(member)
    return client.disconnect()
  },

  committed: ({ group, topic, partitions }) => withAdmin(async admin => {
    const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
    const offsets = new Map(found.partitions.map(p => [p.partition, Number(p.offset)]))
    return { offsets: partitions.map(p => (offsets.get(p) >= 0 ? offsets.get(p) : null)) }
  }),
  groups: () => withAdmin(async admin => ({ groups: (await admin.listGroups()).groups.map(g => g.groupId).sort() })),
  group: ({ group }) => withAdmin(async admin => {
    const { groups: [found] } = await admin.describeGroups([group])
    return { state: found.state, members: found.members.length }
  })
}

lines.run(driver)
