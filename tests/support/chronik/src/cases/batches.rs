// SPDX-License-Identifier: Apache-2.0
//! Version 2 without bytes of the wire, its layouts over time, and its frame.

use super::{order, orders, NOT_UTF8, START};
use crate::canonical::Layout;
use crate::case::{Case, File};
use crate::kafka::{Batch, Codec, Record};
use crate::wal::{StoredCrc, Trailer, V2};

pub fn cases() -> Vec<Case> {
    vec![
        plain(),
        empty(),
        transactional(),
        control(),
        logappend(),
        no_trailer(),
        no_original_fields(),
        crc_mismatch(),
        mixed_flags(),
        two_files(),
        topics(),
        large(),
        many_headers(),
    ]
}

fn plain() -> Case {
    let record =
        |offset: i64, key: Option<&[u8]>, value: Option<&[u8]>| Record::new(offset, START + offset, key, value);
    let nulls = Batch::new(vec![
        record(0, Some(b"key"), Some(b"value")),
        record(1, None, Some(b"null key")),
        record(2, Some(b"null value"), None),
        record(3, None, None),
        record(4, Some(b""), Some(b"empty key")),
        record(5, Some(b"empty value"), Some(b"")),
        record(6, Some(b""), Some(b"")),
    ]);
    let bytes = Batch::new(vec![
        record(7, Some("ключ-鍵".as_bytes()), Some("grüße 🌍".as_bytes())),
        record(8, Some(NOT_UTF8), Some(NOT_UTF8)),
        record(9, Some(b"\x7e\xca\x02\x00"), Some(b"\x7e\xca\x02\x00\x40\x00\x00\x00")),
    ]);
    let headers = Batch::new(vec![
        record(10, Some(b"headers"), Some(b"in order"))
            .header("trace", Some(b"1"))
            .header("b", Some(b"2"))
            .header("trace", Some(b"3"))
            .header("trace", Some(b"1")),
        record(11, Some(b"headers"), Some(b"null and empty ones"))
            .header("null", None)
            .header("empty", Some(b""))
            .header("", None)
            .header("", Some(b"empty name"))
            .header("größe", Some(NOT_UTF8)),
    ]);
    let attributes = Batch::new(vec![
        record(12, Some(b"attributes"), Some(b"0")),
        record(13, Some(b"attributes"), Some(b"1")).attributes(1),
        record(14, Some(b"attributes"), Some(b"127")).attributes(127),
        record(15, Some(b"attributes"), Some(b"-128")).attributes(-128),
    ]);
    // A producer's sequences go on from batch to batch, and from 2^31-1 to 0.
    let producer = [
        orders(16, 2).producer(4242, 3, 100),
        orders(18, 1).producer(4242, 3, 102),
        orders(19, 3).producer(i64::MAX, i16::MAX, i32::MAX - 1),
    ];
    // Time goes back, an offset is missing, leader epoch 7.
    let mut times = Batch::new(vec![
        record(30, Some(b"time"), Some(b"the batch's first")),
        Record { timestamp: START - 5000, ..record(33, Some(b"time"), Some(b"goes back")) },
    ]);
    times.leader_epoch = 7;
    let late = Batch::new(vec![
        record(1 << 33, Some(b"offset"), Some(b"past 2^32")),
        Record { timestamp: START + (3 << 31), ..record((1 << 33) + 1, Some(b"time"), Some(b"past 2^31 ms more")) },
    ]);
    Case::single("v2-plain", |file| {
        for batch in [nulls, bytes, headers, attributes].into_iter().chain(producer).chain([times, late]) {
            file.v2(V2::new(batch));
        }
    })
}

/// A batch that compaction emptied, between two others.
fn empty() -> Case {
    let emptied = |base_offset: i64| {
        let mut batch = orders(base_offset, 1).producer(77, 0, 2);
        batch.records.clear();
        batch
    };
    Case::single("v2-empty", |file| {
        let trailer = Trailer { base_offset: 2, last_offset: 2, record_count: 0 };
        file.v2(V2::new(orders(0, 2).producer(77, 0, 0)))
            .v2(V2 { trailer: Some(trailer), ..V2::new(emptied(2)) })
            .v2(V2::new(orders(3, 1).producer(77, 0, 3)))
            .v2(V2::new(emptied(4)).original_v2(4));
    })
}

fn transactional() -> Case {
    Case::single("v2-transactional", |file| {
        file.v2(V2::new(orders(0, 2).producer(9001, 1, 0).transactional()))
            .v2(V2::new(orders(2, 1)))
            .v2(V2::new(orders(3, 2).producer(9001, 1, 2).transactional()).original_v2(0))
            .v2(V2::new(orders(5, 2).producer(9002, 0, 0).transactional().codec(Codec::Gzip)).compressed());
    })
}

fn control() -> Case {
    Case::single("v2-control", |file| {
        file.v2(V2::new(orders(0, 2).producer(9001, 1, 0).transactional()))
            .v2(V2::new(Batch::marker(2, START + 100, 9001, 1, true)))
            .v2(V2::new(orders(3, 1).producer(9001, 1, 2).transactional()))
            .v2(V2::new(Batch::marker(4, START + 200, 9001, 1, false)))
            .v2(V2::new(Batch::marker(5, START + 300, 9002, 0, true)).original_v2(5))
            .v2(V2::new(Batch::marker(6, START + 400, 9002, 0, false)).no_entries().original_v2(0));
    })
}

fn logappend() -> Case {
    let append = START + 60_000;
    let same =
        Batch::new((0..2).map(|offset| Record { timestamp: append, ..order(offset) }).collect()).log_append(append);
    Case::single("v2-logappend", |file| {
        file.v2(V2::new(same))
            .v2(V2::new(orders(2, 2).log_append(append + 1)))
            .v2(V2::new(orders(4, 1).log_append(append + 2)).original_v2(0))
            .v2(V2::new(orders(5, 2).log_append(append + 3).codec(Codec::Lz4)).no_entries().original_v2(0))
            .v2(V2::new(orders(7, 2).log_append(append + 4).codec(Codec::Zstd)).no_entries().compressed())
            .v2(V2::new(orders(9, 1)));
    })
}

fn no_trailer() -> Case {
    let gzip = |base_offset: i64| orders(base_offset, 2).codec(Codec::Gzip);
    Case::single("v2-no-trailer", |file| {
        file.v2(V2::new(orders(0, 2)).layout(Layout::Oldest).no_trailer())
            .v2(V2::new(gzip(2)).layout(Layout::Oldest).compressed().no_trailer())
            .v2(V2::new(gzip(4)).layout(Layout::Oldest).no_entries().compressed().no_trailer())
            .v2(V2::new(orders(6, 1)).layout(Layout::WithV1).no_trailer())
            .v2(V2::new(orders(7, 1)).no_trailer())
            .v2(V2::new(orders(8, 1)).original_v2(0).no_trailer())
            .v2(V2::new(orders(9, 1)).crc(StoredCrc::LengthZero).no_trailer())
            .v2(V2::new(orders(10, 1)).layout(Layout::Oldest));
    })
}

fn no_original_fields() -> Case {
    let set = orders(4, 2).message_set(|index| index as i64);
    Case::single("v2-no-original-fields", |file| {
        file.v2(V2::new(orders(0, 2)).layout(Layout::Oldest))
            .v2(V2::new(orders(2, 1).codec(Codec::Zstd)).layout(Layout::Oldest).compressed())
            .v2(V2::new(orders(3, 1)).layout(Layout::WithV1))
            .v2(V2::new(orders(4, 2)).layout(Layout::WithV1).original_v1(set))
            .v2(V2::new(orders(6, 1)));
    })
}

fn crc_mismatch() -> Case {
    Case::single("v2-crc-mismatch", |file| {
        file.v2(V2::new(orders(0, 2)).crc(StoredCrc::LengthZero))
            .v2(V2::new(orders(2, 1)).crc(StoredCrc::LengthZero).no_trailer())
            .v2(V2::new(orders(3, 1)).crc(StoredCrc::LengthZero).original_v2(0))
            .v2(V2::new(orders(4, 1)))
            .v2(V2::new(orders(5, 1)).crc(StoredCrc::Other(0)))
            .v2(V2::new(orders(6, 1)).crc(StoredCrc::Other(0xdead_beef)));
    })
}

fn mixed_flags() -> Case {
    Case::single("v2-mixed-flags", |file| {
        file.v2(V2::new(orders(0, 1)))
            .v2(V2::new(orders(1, 1)).flags(0x01))
            .v2(V2::new(orders(2, 1)).flags(0x02).original_v2(0))
            .v2(V2::new(orders(3, 1)).flags(0x80).no_trailer())
            .v2(V2::new(orders(4, 1)).flags(0xff));
    })
}

fn two_files() -> Case {
    let mut first = File::new("orders", 0, 0);
    first.v2(V2::new(orders(0, 2))).v2(V2::new(orders(2, 2)).original_v2(0));
    let mut second = File::new("orders", 0, 1);
    second.v2(V2::new(orders(4, 1))).v2(V2::new(orders(5, 2)));
    Case::new("v2-two-files", vec![first, second])
}

/// Several topics and partitions, and more files than have one digit.
fn topics() -> Case {
    let file = |topic: &str, partition: i32, number: u32, offset: i64| {
        let mut file = File::new(topic, partition, number);
        file.v2(V2::new(orders(offset, 1)));
        file
    };
    let files = vec![
        file("orders", 0, 0, 0),
        file("orders", 3, 0, 40),
        file("orders", 12, 9, 18),
        file("orders", 12, 10, 19),
        file("pay-ments.v1_eu", 0, 0, 0),
    ];
    Case::new("v2-topics", files)
}

fn large() -> Case {
    let record = |offset: i64, value: Option<&[u8]>| Record::new(offset, START + offset, Some(b"large"), value);
    let bytes: Vec<u8> = (0..100_000).map(|at: usize| (at * at / 7 % 251) as u8).collect();
    // 200 KB that zstd makes small.
    let shrinks = Batch::new(vec![record(2, None), record(3, Some(&[b'x'; 200_000]))]).codec(Codec::Zstd);
    Case::single("v2-large", |file| {
        file.v2(V2::new(orders(0, 1)))
            .v2(V2::new(Batch::new(vec![record(1, Some(&bytes))])))
            .v2(V2::new(shrinks).no_entries().original_v2(0))
            .v2(V2::new(orders(4, 1)));
    })
}

fn many_headers() -> Case {
    // Ten names, the empty one among them, each a hundred times; values null, empty, and of one byte.
    let headers = (0..1000).fold(order(0), |record, number: usize| {
        let name = &b"abcdefghi"[number % 10..][..usize::from(number % 10 < 9)];
        let value: Option<&[u8]> = [None, Some(&b""[..]), None, Some(b"1"), None][number / 10 % 5];
        record.header(name, value)
    });
    Case::single("v2-many-headers", |file| {
        file.v2(V2::new(Batch::new(vec![headers, order(1)])));
    })
}
