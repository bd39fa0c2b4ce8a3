// SPDX-License-Identifier: Apache-2.0
//! Kafka's side: records, batches of magic 2, message sets of magic 1. Big-endian.

use crate::codec;

#[derive(Clone, Copy, PartialEq)]
pub enum Codec {
    None = 0,
    Gzip = 1,
    Snappy = 2,
    Lz4 = 3,
    Zstd = 4,
}

impl Codec {
    pub fn compress(self, data: &[u8]) -> Vec<u8> {
        match self {
            Codec::None => data.to_vec(),
            Codec::Gzip => codec::gzip(data),
            Codec::Snappy => codec::snappy_xerial(data, 32 * 1024),
            Codec::Lz4 => codec::lz4(data, false),
            Codec::Zstd => codec::zstd(data, false),
        }
    }
}

#[derive(Clone, Default)]
pub struct Record {
    pub offset: i64,
    pub timestamp: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    pub attributes: i8,
}

impl Record {
    pub fn new(offset: i64, timestamp: i64, key: Option<&[u8]>, value: Option<&[u8]>) -> Self {
        let bytes = |part: Option<&[u8]>| part.map(<[u8]>::to_vec);
        Record { offset, timestamp, key: bytes(key), value: bytes(value), ..Default::default() }
    }

    pub fn header(mut self, key: impl AsRef<[u8]>, value: Option<&[u8]>) -> Self {
        self.headers.push((key.as_ref().to_vec(), value.map(<[u8]>::to_vec)));
        self
    }

    pub fn attributes(mut self, attributes: i8) -> Self {
        self.attributes = attributes;
        self
    }
}

#[derive(Clone)]
pub struct Batch {
    pub base_offset: i64,
    pub leader_epoch: i32,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub base_sequence: i32,
    pub transactional: bool,
    pub control: bool,
    pub codec: Codec,
    pub log_append: bool,
    pub base_timestamp: i64,
    pub max_timestamp: i64,
    pub records: Vec<Record>,
}

impl Batch {
    /// Plain and of create time, from records of which the first has the base offset and base timestamp.
    pub fn new(records: Vec<Record>) -> Self {
        Batch {
            base_offset: records[0].offset,
            leader_epoch: 0,
            producer_id: -1,
            producer_epoch: -1,
            base_sequence: -1,
            transactional: false,
            control: false,
            codec: Codec::None,
            log_append: false,
            base_timestamp: records[0].timestamp,
            max_timestamp: records.iter().map(|record| record.timestamp).max().unwrap_or(-1),
            records,
        }
    }

    pub fn producer(mut self, id: i64, epoch: i16, base_sequence: i32) -> Self {
        (self.producer_id, self.producer_epoch, self.base_sequence) = (id, epoch, base_sequence);
        self
    }

    pub fn transactional(mut self) -> Self {
        self.transactional = true;
        self
    }

    pub fn codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    /// With the append's time as the batch's max_timestamp.
    pub fn log_append(mut self, time: i64) -> Self {
        (self.log_append, self.max_timestamp) = (true, time);
        self
    }

    /// A marker that ends a transaction: a control batch of one record.
    pub fn marker(offset: i64, timestamp: i64, producer_id: i64, producer_epoch: i16, commit: bool) -> Self {
        let key = [0i16.to_be_bytes(), i16::from(commit).to_be_bytes()].concat();
        let value = [&0i16.to_be_bytes()[..], &0i32.to_be_bytes()[..]].concat();
        let mut batch = Batch::new(vec![Record::new(offset, timestamp, Some(&key), Some(&value))])
            .producer(producer_id, producer_epoch, -1)
            .transactional();
        batch.control = true;
        batch
    }

    pub fn last_offset(&self) -> i64 {
        self.records.last().map_or(self.base_offset, |record| record.offset)
    }

    /// What a record's time is for whoever reads the batch.
    pub fn timestamp_of(&self, record: &Record) -> i64 {
        if self.log_append {
            self.max_timestamp
        } else {
            record.timestamp
        }
    }

    /// Sequences go from 2^31-1 on to 0.
    pub fn sequence_of(&self, record: &Record) -> i32 {
        if self.base_sequence < 0 {
            return -1;
        }
        let sequence = i64::from(self.base_sequence) + record.offset - self.base_offset;
        (sequence % (1 << 31)) as i32
    }

    /// The records of a magic 2 batch, not compressed.
    pub fn body(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for record in &self.records {
            let mut one = vec![record.attributes as u8];
            varint(&mut one, record.timestamp - self.base_timestamp);
            varint(&mut one, record.offset - self.base_offset);
            var_bytes(&mut one, record.key.as_deref());
            var_bytes(&mut one, record.value.as_deref());
            varint(&mut one, record.headers.len() as i64);
            for (key, value) in &record.headers {
                var_bytes(&mut one, Some(key));
                var_bytes(&mut one, value.as_deref());
            }
            varint(&mut out, one.len() as i64);
            out.extend(one);
        }
        out
    }

    /// The whole batch, magic 2, with `base_offset` in its header: a producer sends 0.
    pub fn wire(&self, base_offset: i64) -> Vec<u8> {
        let mut attributes = self.codec as i16;
        for (bit, set) in [(3, self.log_append), (4, self.transactional), (5, self.control)] {
            attributes |= i16::from(set) << bit;
        }
        let mut covered = Vec::new();
        covered.extend(attributes.to_be_bytes());
        covered.extend(((self.last_offset() - self.base_offset) as i32).to_be_bytes());
        covered.extend(self.base_timestamp.to_be_bytes());
        covered.extend(self.max_timestamp.to_be_bytes());
        covered.extend(self.producer_id.to_be_bytes());
        covered.extend(self.producer_epoch.to_be_bytes());
        covered.extend(self.base_sequence.to_be_bytes());
        covered.extend((self.records.len() as i32).to_be_bytes());
        covered.extend(self.codec.compress(&self.body()));

        let mut out = Vec::new();
        out.extend(base_offset.to_be_bytes());
        out.extend((covered.len() as i32 + 9).to_be_bytes());
        out.extend(self.leader_epoch.to_be_bytes());
        out.push(2);
        out.extend(crc32c::crc32c(&covered).to_be_bytes());
        out.extend(covered);
        out
    }

    /// A magic 1 message set, of which message i has the offset `offset_of(i)`. Headers and attributes have no place there.
    pub fn message_set(&self, offset_of: impl Fn(usize) -> i64) -> Vec<u8> {
        let mut out = Vec::new();
        for (index, record) in self.records.iter().enumerate() {
            assert!(record.headers.is_empty() && record.attributes == 0);
            let (key, value) = (record.key.as_deref(), record.value.as_deref());
            out.extend(message(offset_of(index), 0, record.timestamp, key, value));
        }
        out
    }

    /// A message set of one message whose value is the gzip of a message set with relative offsets.
    pub fn message_set_gzip(&self, offset: i64) -> Vec<u8> {
        let inner = self.message_set(|index| index as i64);
        message(offset, Codec::Gzip as i8, self.max_timestamp, None, Some(&codec::gzip(&inner)))
    }
}

fn message(offset: i64, attributes: i8, timestamp: i64, key: Option<&[u8]>, value: Option<&[u8]>) -> Vec<u8> {
    let mut covered = vec![1, attributes as u8];
    covered.extend(timestamp.to_be_bytes());
    for part in [key, value] {
        covered.extend(part.map_or(-1, |bytes| bytes.len() as i32).to_be_bytes());
        covered.extend(part.unwrap_or_default());
    }
    let mut out = offset.to_be_bytes().to_vec();
    out.extend((covered.len() as i32 + 4).to_be_bytes());
    out.extend(crc32fast::hash(&covered).to_be_bytes());
    out.extend(covered);
    out
}

/// Zigzag; serves for varint and varlong.
fn varint(out: &mut Vec<u8>, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn var_bytes(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    varint(out, bytes.map_or(-1, |bytes| bytes.len() as i64));
    out.extend(bytes.unwrap_or_default());
}
