// SPDX-License-Identifier: Apache-2.0
//! Version 2 with `compressed_records`: a batch's records as they were compressed.

use super::{order, orders, NOT_UTF8};
use crate::case::Case;
use crate::codec;
use crate::kafka::{Batch, Codec, Record};
use crate::wal::V2;

pub fn cases() -> Vec<Case> {
    let sized = |batch: &Batch| codec::lz4(&batch.body(), true);
    vec![
        compressed("v2-compressed-gzip", Codec::Gzip, |batch| codec::gzip_members(&batch.body())),
        compressed("v2-compressed-snappy", Codec::Snappy, |batch| codec::snappy_raw(&batch.body())),
        compressed("v2-compressed-lz4", Codec::Lz4, sized),
        compressed("v2-compressed-zstd", Codec::Zstd, |batch| codec::zstd(&batch.body(), true)),
        not_compressed(),
        without_bytes(),
        whole_batch(),
    ]
}

/// Two records that shrink, with whatever a record can have.
fn batch(base_offset: i64, codec: Codec) -> Batch {
    let first = order(base_offset).header("trace", Some(b"1")).header("trace", None).header("b", Some(NOT_UTF8));
    let first = Record { key: None, value: Some(b"{\"id\":1},".repeat(9)), ..first };
    let second = Record { value: None, ..order(base_offset + 1) };
    Batch::new(vec![first, second]).codec(codec).producer(501, 2, base_offset as i32)
}

/// With `records` and without, in the codec's usual form and in another.
fn compressed(name: &'static str, codec: Codec, other: impl Fn(&Batch) -> Vec<u8>) -> Case {
    let without_entries = |batch: Batch, bytes: Vec<u8>| V2::new(batch).compressed_records(bytes).no_entries();
    Case::single(name, |file| {
        let third = batch(4, codec);
        let bytes = other(&third);
        file.v2(V2::new(batch(0, codec)).compressed())
            .v2(V2::new(batch(2, codec)).compressed().no_entries())
            .v2(without_entries(third, bytes));
        if codec == Codec::Snappy {
            let blocks = batch(6, codec);
            let bytes = codec::snappy_xerial(&blocks.body(), 64);
            file.v2(without_entries(blocks, bytes));
        }
    })
}

/// No codec, and yet the records' bytes, as later releases keep them of any batch.
fn not_compressed() -> Case {
    Case::single("v2-compressed-none", |file| {
        file.v2(V2::new(batch(0, Codec::None)).compressed())
            .v2(V2::new(batch(2, Codec::None)).compressed().no_entries())
            .v2(V2::new(batch(4, Codec::None)).compressed().original_v2(0));
    })
}

/// A codec, but only `records`: what a broker makes of records that it holds apart.
fn without_bytes() -> Case {
    Case::single("v2-codec-without-bytes", |file| {
        for (base_offset, codec) in [(0, Codec::Gzip), (1, Codec::Snappy), (2, Codec::Lz4), (3, Codec::Zstd)] {
            file.v2(V2::new(orders(base_offset, 1).codec(codec)));
        }
    })
}

/// `compressed_records` holds the whole batch, header and all, as some releases put it there.
fn whole_batch() -> Case {
    let whole = |batch: Batch| {
        let bytes = batch.wire(batch.base_offset);
        V2::new(batch).compressed_records(bytes)
    };
    Case::single("v2-compressed-whole-batch", |file| {
        file.v2(whole(batch(0, Codec::None))).v2(whole(batch(2, Codec::Gzip))).v2(whole(batch(4, Codec::Lz4)));
    })
}
