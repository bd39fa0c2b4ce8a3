// SPDX-License-Identifier: Apache-2.0
//! A case: WAL files, and the lines that say what is in them.

use crate::kafka::{Batch, Record};
use crate::wal::{self, V1, V2};
use base64::Engine;
use serde::Serialize;
use sha2::Digest;
use std::path::Path;

/// Longer values are in the truth by their size and SHA-256.
const LONGEST_VALUE: usize = 16 * 1024;

#[derive(Serialize)]
struct Header {
    key: String,
    value: Option<String>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line {
    File {
        path: String,
        size: usize,
    },
    WalRecord {
        file: String,
        position: usize,
        size: usize,
        version: u8,
        flags: u8,
        stored_crc: u32,
        crc_matches: bool,
        /// Only there if it is true.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        crc_matches_length_zero: bool,
        topic: Option<String>,
        partition: Option<i32>,
        base_offset: Option<i64>,
        last_offset: Option<i64>,
        record_count: Option<i32>,
        has_original_v1: bool,
        has_original_v2: bool,
    },
    Record {
        offset: i64,
        timestamp: i64,
        timestamp_type: &'static str,
        key: Option<String>,
        #[serde(flatten)]
        value: Value,
        headers: Vec<Header>,
        producer_id: i64,
        producer_epoch: i16,
        sequence: i32,
        transactional: bool,
        control: bool,
        attributes: i8,
    },
    Gap {
        file: String,
        position: usize,
        size: usize,
        what: &'static str,
    },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Value {
    Bytes { value: Option<String> },
    Digest { value_size: usize, value_sha256: String },
}

fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn value(bytes: Option<&[u8]>) -> Value {
    match bytes {
        Some(bytes) if bytes.len() > LONGEST_VALUE => Value::Digest {
            value_size: bytes.len(),
            value_sha256: sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect(),
        },
        _ => Value::Bytes { value: bytes.map(base64) },
    }
}

fn record_line(batch: &Batch, record: &Record) -> Line {
    let headers = record.headers.iter();
    Line::Record {
        offset: record.offset,
        timestamp: batch.timestamp_of(record),
        timestamp_type: if batch.log_append { "log_append" } else { "create" },
        key: record.key.as_deref().map(base64),
        value: value(record.value.as_deref()),
        headers: headers.map(|(key, value)| Header { key: base64(key), value: value.as_deref().map(base64) }).collect(),
        producer_id: batch.producer_id,
        producer_epoch: batch.producer_epoch,
        sequence: batch.sequence_of(record),
        transactional: batch.transactional,
        control: batch.control,
        attributes: record.attributes,
    }
}

pub struct File {
    topic: String,
    partition: i32,
    path: String,
    bytes: Vec<u8>,
    lines: Vec<Line>,
}

impl File {
    pub fn new(topic: &str, partition: i32, number: u32) -> Self {
        let path = format!("wal/{topic}/{partition}/wal_{partition}_{number}.log");
        File { topic: topic.into(), partition, path, bytes: Vec::new(), lines: Vec::new() }
    }

    pub fn v1(&mut self, record: V1) -> &mut Self {
        let bytes = record.encode();
        let line = self.wal_record(&bytes, None);
        self.lines.push(line);
        self.lines.push(record_line(&Batch::new(vec![record.record.clone()]), &record.record));
        self.bytes.extend(bytes);
        self
    }

    pub fn v2(&mut self, record: V2) -> &mut Self {
        let bytes = self.encode(&record);
        self.v2_as(bytes, record)
    }

    /// Puts `bytes` into the file, for which the truth is what `record` says.
    pub fn v2_as(&mut self, bytes: Vec<u8>, record: V2) -> &mut Self {
        let line = self.wal_record(&bytes, Some(&record));
        self.lines.push(line);
        self.lines.extend(record.batch.records.iter().map(|each| record_line(&record.batch, each)));
        self.bytes.extend(bytes);
        self
    }

    /// A stretch without anything to give back.
    pub fn gap(&mut self, what: &'static str, bytes: &[u8]) -> &mut Self {
        self.lines.push(Line::Gap { file: self.path.clone(), position: self.bytes.len(), size: bytes.len(), what });
        self.bytes.extend(bytes);
        self
    }

    pub fn encode(&self, record: &V2) -> Vec<u8> {
        record.encode(&self.topic, self.partition)
    }

    fn wal_record(&self, bytes: &[u8], v2: Option<&V2>) -> Line {
        let trailer = v2.and_then(|record| record.trailer);
        let stored = wal::stored_crc(bytes);
        Line::WalRecord {
            file: self.path.clone(),
            position: self.bytes.len(),
            size: bytes.len(),
            version: bytes[2],
            flags: bytes[3],
            stored_crc: stored,
            crc_matches: stored == wal::checksum(bytes, false),
            crc_matches_length_zero: stored == wal::checksum(bytes, true),
            topic: v2.map(|_| self.topic.clone()),
            partition: v2.map(|_| self.partition),
            base_offset: trailer.map(|trailer| trailer.base_offset),
            last_offset: trailer.map(|trailer| trailer.last_offset),
            record_count: trailer.map(|trailer| trailer.record_count),
            has_original_v1: v2.is_some_and(|record| record.parts.original_v1.is_some()),
            has_original_v2: v2.is_some_and(|record| record.parts.original_v2.is_some()),
        }
    }
}

pub struct Case {
    name: &'static str,
    files: Vec<File>,
}

impl Case {
    pub fn new(name: &'static str, files: Vec<File>) -> Self {
        Case { name, files }
    }

    /// A case of one file, of partition 0 of the topic `orders`.
    pub fn single(name: &'static str, fill: impl FnOnce(&mut File)) -> Self {
        let mut file = File::new("orders", 0, 0);
        fill(&mut file);
        Case::new(name, vec![file])
    }

    /// Writes the files and truth.jsonl below `folder`, in a folder of the case's name.
    pub fn write(&self, folder: &Path) -> std::io::Result<()> {
        let folder = folder.join(self.name);
        let mut truth = String::new();
        let mut put = |line: &Line| truth += &(serde_json::to_string(line).expect("lines are plain") + "\n");
        for file in &self.files {
            let path = folder.join(&file.path);
            std::fs::create_dir_all(path.parent().expect("it is in a folder"))?;
            std::fs::write(path, &file.bytes)?;
            put(&Line::File { path: file.path.clone(), size: file.bytes.len() });
            file.lines.iter().for_each(&mut put);
        }
        std::fs::write(folder.join("truth.jsonl"), truth)
    }
}
