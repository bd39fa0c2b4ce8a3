// SPDX-License-Identifier: Apache-2.0
// What the drivers of clients for node share; see ../python/driver.py for what they read and write.
// Started as: node NAME.js DIRECTORY BOOTSTRAP, where DIRECTORY/node_modules holds the clients.
'use strict'

const path = require('path')
const readline = require('readline')
const { createRequire } = require('module')

const [, , directory, bootstrap] = process.argv
const CONSUME_MS = 10000

const toBytes = text => (text === null ? null : Buffer.from(text, 'base64'))
const toText = data => (data === null || data === undefined ? null : Buffer.from(data).toString('base64'))

/** [partition, timestamp, key, value, headers] as an object with bytes. */
function recordIn ([partition, timestamp, key, value, headers]) {
  return { partition, timestamp, key: toBytes(key), value: toBytes(value), headers: headers.map(([k, v]) => [k, toBytes(v)]) }
}

function recordOut (partition, offset, timestamp, key, value, headers) {
  return [partition, Number(offset), Number(timestamp), toText(key), toText(value), headers.map(([k, v]) => [k, toText(v)])]
}

/** What a member of a group has seen. */
class Log {
  constructor () {
    this.begin = Date.now()
    this.state = { assigned: [], records: [], first_ms: null }
    this.positions = new Map()
  }

  add (record) {
    this.state.first_ms ??= Date.now() - this.begin
    this.state.records.push(record)
    this.positions.set(record[0], record[1] + 1)
  }

  assign (partitions) {
    this.state.assigned = [...partitions].sort((a, b) => a - b)
  }

  /** Where it is in the partitions that it has: [partition, offset] each. */
  reached () {
    return [...this.positions].filter(([partition]) => this.state.assigned.includes(partition))
  }
}

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

/** Waits until `condition` is true, for as long as a consumer waits. */
async function until (condition) {
  for (const end = Date.now() + CONSUME_MS; !condition() && Date.now() < end;) await sleep(10)
}

/** driver has a function for each operation; code(error) gives Kafka's number or null. */
async function run (driver) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { op, ...request } = JSON.parse(line)
    let answer
    try {
      answer = (await driver[op](request)) ?? {}
    } catch (e) {
      answer = { error: `${e}`, code: driver.code(e) ?? null }
    }
    process.stdout.write(JSON.stringify(answer) + '\n')
  }
  process.exit(0)
}

module.exports = { bootstrap, recordIn, recordOut, Log, sleep, until, run, load: createRequire(path.join(directory, 'package.json')) }
