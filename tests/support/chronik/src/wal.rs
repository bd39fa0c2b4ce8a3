// SPDX-License-Identifier: Apache-2.0
//! The WAL's own records, versions 1 and 2. Little-endian.

use crate::canonical::{self, Parts};
use crate::kafka::{Batch, Record};

const MAGIC: [u8; 2] = 0xCA7E_u16.to_le_bytes();
const LENGTH_AT: usize = 4;

/// What a writer put into the field crc32.
#[derive(Clone, Copy)]
pub enum StoredCrc {
    /// The CRC of the record as it is in the file.
    Right,
    /// The CRC of the record before its length was filled in.
    LengthZero,
    /// Any number.
    Other(u32),
}

/// Where the field crc32 is in a record.
pub fn crc_at(record: &[u8]) -> usize {
    if record[2] == 1 {
        24
    } else {
        8
    }
}

/// CRC-32 IEEE over all of the record but the field crc32 itself.
pub fn checksum(record: &[u8], length_zero: bool) -> u32 {
    let at = crc_at(record);
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&record[..LENGTH_AT]);
    hasher.update(if length_zero { &[0; 4] } else { &record[LENGTH_AT..LENGTH_AT + 4] });
    hasher.update(&record[LENGTH_AT + 4..at]);
    hasher.update(&record[at + 4..]);
    hasher.finalize()
}

pub fn stored_crc(record: &[u8]) -> u32 {
    let at = crc_at(record);
    u32::from_le_bytes(record[at..at + 4].try_into().expect("four bytes"))
}

fn finish(mut record: Vec<u8>, length: usize, crc: StoredCrc) -> Vec<u8> {
    record[LENGTH_AT..LENGTH_AT + 4].copy_from_slice(&(length as u32).to_le_bytes());
    let crc = match crc {
        StoredCrc::Right => checksum(&record, false),
        StoredCrc::LengthZero => checksum(&record, true),
        StoredCrc::Other(number) => number,
    };
    let at = crc_at(&record);
    record[at..at + 4].copy_from_slice(&crc.to_le_bytes());
    record
}

/// Version 1: one Kafka record.
pub struct V1 {
    pub flags: u8,
    pub record: Record,
    pub crc: StoredCrc,
}

impl V1 {
    pub fn new(record: Record) -> Self {
        V1 { flags: 0, record, crc: StoredCrc::Right }
    }

    pub fn encode(&self) -> Vec<u8> {
        let record = &self.record;
        let mut out = MAGIC.to_vec();
        out.extend([1, self.flags]);
        out.extend([0; 4]);
        out.extend(record.offset.to_le_bytes());
        out.extend(record.timestamp.to_le_bytes());
        out.extend([0; 4]);
        out.extend(record.key.as_ref().map_or(-1, |key| key.len() as i32).to_le_bytes());
        out.extend(record.key.as_deref().unwrap_or_default());
        let value = record.value.as_deref().expect("version 1 has no null values");
        out.extend((value.len() as i32).to_le_bytes());
        out.extend(value);
        out.extend((record.headers.len() as i32).to_le_bytes());
        for (key, value) in &record.headers {
            let value = value.as_deref().expect("version 1 has no null header values");
            out.extend((key.len() as u16).to_le_bytes());
            out.extend(key);
            out.extend((value.len() as u32).to_le_bytes());
            out.extend(value);
        }
        let length = out.len();
        finish(out, length, self.crc)
    }
}

/// What follows the data in a version 2 record, but in those of older releases.
#[derive(Clone, Copy)]
pub struct Trailer {
    pub base_offset: i64,
    pub last_offset: i64,
    pub record_count: i32,
}

/// Version 2: a batch.
pub struct V2 {
    pub flags: u8,
    pub crc: StoredCrc,
    pub batch: Batch,
    pub parts: Parts,
    pub trailer: Option<Trailer>,
}

impl V2 {
    pub fn new(batch: Batch) -> Self {
        let trailer = Trailer {
            base_offset: batch.base_offset,
            last_offset: batch.last_offset(),
            record_count: batch.records.len() as i32,
        };
        V2 { flags: 0, crc: StoredCrc::Right, batch, parts: Parts::default(), trailer: Some(trailer) }
    }

    pub fn encode(&self, topic: &str, partition: i32) -> Vec<u8> {
        let data = canonical::serialize(&self.batch, &self.parts);
        let mut out = MAGIC.to_vec();
        out.extend([2, self.flags]);
        out.extend([0; 4]);
        out.extend([0; 4]);
        out.extend((topic.len() as u16).to_le_bytes());
        out.extend(topic.as_bytes());
        out.extend(partition.to_le_bytes());
        out.extend((data.len() as u32).to_le_bytes());
        out.extend(data);
        if let Some(trailer) = self.trailer {
            out.extend(trailer.base_offset.to_le_bytes());
            out.extend(trailer.last_offset.to_le_bytes());
            out.extend(trailer.record_count.to_le_bytes());
        }
        let length = out.len() - 12;
        finish(out, length, self.crc)
    }

    pub fn flags(mut self, flags: u8) -> Self {
        self.flags = flags;
        self
    }

    pub fn crc(mut self, crc: StoredCrc) -> Self {
        self.crc = crc;
        self
    }

    pub fn layout(mut self, layout: canonical::Layout) -> Self {
        self.parts.layout = layout;
        self
    }

    pub fn no_trailer(mut self) -> Self {
        self.trailer = None;
        self
    }

    pub fn no_entries(mut self) -> Self {
        self.parts.entries = false;
        self
    }

    /// With the batch's records compressed as its codec's default variant.
    pub fn compressed(self) -> Self {
        let body = self.batch.codec.compress(&self.batch.body());
        self.compressed_records(body)
    }

    pub fn compressed_records(mut self, bytes: Vec<u8>) -> Self {
        self.parts.compressed_records = Some(bytes);
        self
    }

    pub fn original_v1(mut self, bytes: Vec<u8>) -> Self {
        self.parts.original_v1 = Some(bytes);
        self
    }

    /// With the batch as it came off the wire, where its base offset was `base_offset`.
    pub fn original_v2(mut self, base_offset: i64) -> Self {
        self.parts.original_v2 = Some(self.batch.wire(base_offset));
        self
    }
}
