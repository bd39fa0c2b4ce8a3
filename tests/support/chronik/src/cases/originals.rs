// SPDX-License-Identifier: Apache-2.0
//! Version 2 with what came off the wire: a batch of magic 2, or a message set of magic 1.

use super::{order, orders, NOT_UTF8, START};
use crate::case::Case;
use crate::kafka::{Batch, Codec, Record};
use crate::wal::V2;

pub fn cases() -> Vec<Case> {
    vec![original_v2(), original_v2_wins(), original_v1(), original_v1_first_assigned()]
}

fn original_v2() -> Case {
    // What `records` cannot hold: a header key that is not UTF-8.
    let headers = Batch::new(vec![
        order(9)
            .header(NOT_UTF8, Some(NOT_UTF8))
            .header("", None)
            .header("trace", Some(b"1"))
            .header("trace", Some(b"")),
        Record { timestamp: START + (3 << 31), ..order(10) },
    ]);
    // Compaction took the record between.
    let sparse = Batch::new(vec![order(20), order(24)]).producer(4242, 3, i32::MAX - 1);
    Case::single("v2-original-v2", |file| {
        file.v2(V2::new(orders(0, 2)).original_v2(0))
            .v2(V2::new(orders(2, 2)).original_v2(2))
            .v2(V2::new(orders(4, 1)).original_v2(0))
            .v2(V2::new(orders(5, 2)).no_entries().original_v2(0))
            .v2(V2::new(orders(7, 2).producer(4242, 3, 17)).original_v2(0))
            .v2(V2::new(headers).no_entries().original_v2(0))
            .v2(V2::new(orders(11, 2).codec(Codec::Lz4)).original_v2(0))
            .v2(V2::new(orders(13, 2).codec(Codec::Zstd)).compressed().original_v2(0))
            .v2(V2::new(sparse).original_v2(0))
            .v2(V2::new(orders(1 << 33, 2)).no_entries().original_v2(0));
    })
}

/// The fields and `records` say one thing, the batch off the wire another.
fn original_v2_wins() -> Case {
    let stale = |base_offset: i64| {
        let mut batch = orders(base_offset, 2);
        batch.records[0].value = Some(b"stale".to_vec());
        batch.records[1].headers.clear();
        V2::new(batch)
    };
    let truth = |base_offset: i64, codec: Codec| {
        let mut batch = orders(base_offset, 2).producer(77, 5, 40).transactional().codec(codec);
        batch.records[1] = order(base_offset + 1).header("kept", Some(b"yes"));
        batch
    };
    Case::single("v2-original-v2-wins", |file| {
        for (base_offset, codec) in [(0, Codec::None), (2, Codec::Gzip)] {
            let mut written = stale(base_offset);
            written.parts.original_v2 = Some(truth(base_offset, codec).wire(0));
            let bytes = file.encode(&written);
            file.v2_as(bytes, V2::new(truth(base_offset, codec)).original_v2(0));
        }
    })
}

fn original_v1() -> Case {
    let set = |batch: Batch, first: i64| {
        let bytes = batch.message_set(|index| first + index as i64);
        V2::new(batch).original_v1(bytes)
    };
    let zip = |batch: Batch, offset: i64| {
        let bytes = batch.message_set_gzip(offset);
        V2::new(batch).original_v1(bytes)
    };
    let nulls = Batch::new(vec![
        Record::new(9, START, None, Some(b"null key")),
        Record::new(10, START - 1000, Some(b"null value"), None),
        Record::new(11, START + 1, Some(b""), Some(b"")),
        Record::new(12, START + 2, Some(NOT_UTF8), Some(NOT_UTF8)),
    ]);
    Case::single("v2-original-v1", |file| {
        file.v2(set(orders(0, 3), 0))
            .v2(set(orders(3, 2), 3))
            .v2(set(orders(5, 2), 0))
            .v2(set(orders(7, 2), 0).no_entries())
            .v2(set(nulls, 0))
            .v2(zip(orders(13, 2).codec(Codec::Gzip), 14))
            .v2(zip(orders(15, 3).codec(Codec::Gzip), 2))
            .v2(zip(orders(18, 2).codec(Codec::Gzip), 0).no_entries());
    })
}

/// The broker put the offset it assigned into the first message only.
fn original_v1_first_assigned() -> Case {
    Case::single("v2-original-v1-first-assigned", |file| {
        file.v2(V2::new(orders(0, 2)));
        let batch = orders(100, 3);
        let bytes = batch.message_set(|index| if index == 0 { 100 } else { index as i64 });
        file.v2(V2::new(batch).original_v1(bytes));
    })
}
