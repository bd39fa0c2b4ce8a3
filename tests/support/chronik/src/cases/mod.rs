// SPDX-License-Identifier: Apache-2.0
//! The cases by theme, and the data that they share.

mod batches;
mod compressed;
mod damaged;
mod originals;
mod version1;

use crate::case::Case;
use crate::kafka::{Batch, Record};

/// The time of the first record of a case, in ms.
const START: i64 = 1_700_000_000_000;

/// Bytes that are UTF-8 nowhere.
const NOT_UTF8: &[u8] = b"\xff\xfe\x00\x80\xc3\x28";

pub fn all() -> Vec<Case> {
    [version1::cases(), batches::cases(), compressed::cases(), originals::cases(), damaged::cases()]
        .into_iter()
        .flatten()
        .collect()
}

/// A record with a key and a value that name its offset, 10 ms after that of the offset before.
fn order(offset: i64) -> Record {
    let key = format!("order-{offset}");
    let value = format!("paid {offset}");
    Record::new(offset, START + 10 * offset, Some(key.as_bytes()), Some(value.as_bytes()))
}

/// `count` such records from `base_offset` on.
fn orders(base_offset: i64, count: i64) -> Batch {
    Batch::new((base_offset..base_offset + count).map(order).collect())
}
