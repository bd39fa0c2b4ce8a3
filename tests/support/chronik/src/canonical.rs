// SPDX-License-Identifier: Apache-2.0
//! The `data` of a V2 record: serde structs that bincode 1.3 writes with its default options.

use crate::kafka::{Batch, Codec};
use serde::Serialize;

/// Written as its index, a u32.
#[derive(Serialize)]
enum Compression {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

/// Written as its index, a u32.
#[derive(Serialize)]
enum TimestampType {
    CreateTime,
    LogAppendTime,
}

#[derive(Serialize)]
struct Header {
    key: String,
    value: Option<Vec<u8>>,
}

#[derive(Serialize)]
struct Entry {
    offset: i64,
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<Header>,
    attributes: i8,
}

/// What the first releases wrote.
#[derive(Serialize)]
struct Oldest {
    base_offset: i64,
    partition_leader_epoch: i32,
    producer_id: i64,
    producer_epoch: i16,
    base_sequence: i32,
    is_transactional: bool,
    is_control: bool,
    compression: Compression,
    timestamp_type: TimestampType,
    base_timestamp: i64,
    max_timestamp: i64,
    records: Vec<Entry>,
    compressed_records: Option<Vec<u8>>,
}

/// What releases wrote that knew `original_v1` only. In bincode a nested struct is its fields, one after the other.
#[derive(Serialize)]
struct WithV1 {
    fields: Oldest,
    original_v1: Option<Vec<u8>>,
}

/// What later releases wrote.
#[derive(Serialize)]
struct Full {
    fields: Oldest,
    original_v1: Option<Vec<u8>>,
    original_v2: Option<Vec<u8>>,
}

/// Which of the last two fields the data has.
#[derive(Clone, Copy, PartialEq)]
pub enum Layout {
    Oldest,
    WithV1,
    Full,
}

/// The parts of the data that are not the batch's own fields.
#[derive(Clone)]
pub struct Parts {
    pub layout: Layout,
    /// Whether `records` lists the records; otherwise it is empty.
    pub entries: bool,
    pub compressed_records: Option<Vec<u8>>,
    pub original_v1: Option<Vec<u8>>,
    pub original_v2: Option<Vec<u8>>,
}

impl Default for Parts {
    fn default() -> Self {
        Parts { layout: Layout::Full, entries: true, compressed_records: None, original_v1: None, original_v2: None }
    }
}

fn entries(batch: &Batch) -> Vec<Entry> {
    let text = |key: &[u8]| String::from_utf8(key.to_vec()).expect("a header key in `records` is UTF-8");
    let headers = |list: &[(Vec<u8>, Option<Vec<u8>>)]| {
        list.iter().map(|(key, value)| Header { key: text(key), value: value.clone() }).collect()
    };
    batch
        .records
        .iter()
        .map(|record| Entry {
            offset: record.offset,
            timestamp: record.timestamp,
            key: record.key.clone(),
            value: record.value.clone(),
            headers: headers(&record.headers),
            attributes: record.attributes,
        })
        .collect()
}

pub fn serialize(batch: &Batch, parts: &Parts) -> Vec<u8> {
    let fields = Oldest {
        base_offset: batch.base_offset,
        partition_leader_epoch: batch.leader_epoch,
        producer_id: batch.producer_id,
        producer_epoch: batch.producer_epoch,
        base_sequence: batch.base_sequence,
        is_transactional: batch.transactional,
        is_control: batch.control,
        compression: match batch.codec {
            Codec::None => Compression::None,
            Codec::Gzip => Compression::Gzip,
            Codec::Snappy => Compression::Snappy,
            Codec::Lz4 => Compression::Lz4,
            Codec::Zstd => Compression::Zstd,
        },
        timestamp_type: if batch.log_append { TimestampType::LogAppendTime } else { TimestampType::CreateTime },
        base_timestamp: batch.base_timestamp,
        max_timestamp: batch.max_timestamp,
        records: if parts.entries { entries(batch) } else { Vec::new() },
        compressed_records: parts.compressed_records.clone(),
    };
    let Parts { original_v1, original_v2, .. } = parts.clone();
    match parts.layout {
        Layout::Oldest => {
            assert!(original_v1.is_none() && original_v2.is_none());
            bincode::serialize(&fields)
        }
        Layout::WithV1 => {
            assert!(original_v2.is_none());
            bincode::serialize(&WithV1 { fields, original_v1 })
        }
        Layout::Full => bincode::serialize(&Full { fields, original_v1, original_v2 }),
    }
    .expect("bincode writes to memory")
}
