// SPDX-License-Identifier: Apache-2.0
//! Version 1 alone, and followed by version 2.

use super::{order, orders, NOT_UTF8, START};
use crate::case::Case;
use crate::kafka::Record;
use crate::wal::{StoredCrc, V1, V2};

pub fn cases() -> Vec<Case> {
    vec![plain(), flags(), crc_length_zero(), v1_then_v2()]
}

fn plain() -> Case {
    let record = |offset: i64, key: Option<&[u8]>, value: &[u8]| Record::new(offset, START + offset, key, Some(value));
    Case::single("v1-plain", |file| {
        let records = [
            record(0, Some(b"key"), b"value"),
            record(1, None, b"null key"),
            record(2, Some(b""), b"empty key"),
            record(3, Some(b"empty value"), b""),
            record(4, None, b""),
            record(5, Some("ключ-鍵".as_bytes()), "grüße 🌍".as_bytes()),
            record(6, Some(NOT_UTF8), NOT_UTF8),
            record(7, Some(b"headers"), b"in order")
                .header("trace", Some(b"1"))
                .header("b", Some(b"2"))
                .header("trace", Some(b"3"))
                .header("a", Some(b"4"))
                .header("trace", Some(b"1")),
            record(8, Some(b"headers"), b"empty ones")
                .header("empty", Some(b""))
                .header("", Some(b"empty name"))
                .header("", Some(b""))
                .header("größe", Some(NOT_UTF8)),
            // The magic inside a value must not be taken for a record's start.
            record(9, Some(b"\x7e\xca\x01\x00"), b"\x7e\xca\x02\x00\x10\x00\x00\x00"),
            Record { timestamp: START - 86_400_000, ..record(10, Some(b"time"), b"a day before") },
            Record { timestamp: -1, ..record(11, Some(b"time"), b"none") },
            record(1 << 33, Some(b"offset"), b"past 2^32, after a gap"),
        ];
        for record in records {
            file.v1(V1::new(record));
        }
    })
}

fn flags() -> Case {
    Case::single("v1-flags", |file| {
        for (offset, flags) in [0, 0x01, 0x80, 0xff].into_iter().enumerate() {
            file.v1(V1 { flags, ..V1::new(order(offset as i64)) });
        }
    })
}

fn crc_length_zero() -> Case {
    Case::single("v1-crc-length-zero", |file| {
        for offset in 0..2 {
            file.v1(V1 { crc: StoredCrc::LengthZero, ..V1::new(order(offset)) });
        }
    })
}

fn v1_then_v2() -> Case {
    Case::single("v1-then-v2", |file| {
        for offset in 0..3 {
            file.v1(V1::new(order(offset)));
        }
        file.v2(V2::new(orders(3, 2))).v2(V2::new(orders(5, 2)).original_v2(0));
    })
}
