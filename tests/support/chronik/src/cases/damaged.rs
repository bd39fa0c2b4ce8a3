// SPDX-License-Identifier: Apache-2.0
//! Files that a crash or a disk spoiled.

use super::{order, orders};
use crate::case::{Case, File};
use crate::wal::{V1, V2};

/// Bytes that have nothing of a record.
const GARBAGE: &[u8] = b"\x00\x01\x02\x03 no record starts in these 41 bytes \xfe";
/// The same with the start of a record in it, whose length goes past the end of the file.
const GARBAGE_WITH_MAGIC: &[u8] =
    b"\x11\x22\x33\x7e\xca\x02\x00\xf0\xff\xff\x7f\x7e\xca\x01\x00\xff\xff\xff\xff\x44\x55";

pub fn cases() -> Vec<Case> {
    vec![
        torn(),
        torn_in("v2-torn-header", 7),
        torn_in("v2-torn-magic", 1),
        torn_in_trailer(),
        torn_in_the_middle(),
        v1_torn(),
        v1_damaged(),
        damaged(),
        damaged_length(),
        damaged_original(),
        garbage_with_magic(),
        garbage_at_the_ends(),
        zeros(),
    ]
}

fn position(bytes: &[u8], text: &[u8]) -> usize {
    let mut found = bytes.windows(text.len()).enumerate().filter(|(_, window)| *window == text);
    let (at, _) = found.next().expect("the text is there");
    assert!(found.next().is_none(), "the text is there once");
    at
}

fn good(file: &mut File, offset: i64) {
    file.v2(V2::new(orders(offset, 1)));
}

fn torn() -> Case {
    Case::single("v2-torn", |file| {
        good(file, 0);
        good(file, 1);
        let bytes = file.encode(&V2::new(orders(2, 3)).original_v2(0));
        file.gap("torn", &bytes[..bytes.len() / 2]);
    })
}

/// The last record has only its first `size` bytes.
fn torn_in(name: &'static str, size: usize) -> Case {
    Case::single(name, |file| {
        good(file, 0);
        let bytes = file.encode(&V2::new(orders(1, 2)));
        file.gap("torn", &bytes[..size]);
    })
}

/// All of the last record's data is there, but not all of what follows it.
fn torn_in_trailer() -> Case {
    Case::single("v2-torn-trailer", |file| {
        good(file, 0);
        let bytes = file.encode(&V2::new(orders(1, 2)));
        file.gap("torn", &bytes[..bytes.len() - 12]);
    })
}

/// After a crash the broker went on writing behind the torn record.
fn torn_in_the_middle() -> Case {
    Case::single("v2-torn-middle", |file| {
        good(file, 0);
        let bytes = file.encode(&V2::new(orders(1, 4)));
        file.gap("torn", &bytes[..bytes.len() * 2 / 3]);
        good(file, 1);
        good(file, 2);
    })
}

fn v1_torn() -> Case {
    Case::single("v1-torn", |file| {
        file.v1(V1::new(order(0))).v1(V1::new(order(1)));
        let bytes = V1::new(order(2)).encode();
        file.gap("torn", &bytes[..bytes.len() - 9]);
    })
}

fn v1_damaged() -> Case {
    Case::single("v1-damaged", |file| {
        file.v1(V1::new(order(0)));
        let mut bytes = V1::new(order(1)).encode();
        let at = position(&bytes, b"paid");
        bytes[at] ^= 0x20;
        file.gap("damaged", &bytes);
        file.v1(V1::new(order(2)));
    })
}

/// A byte of a value has changed, so that the record still parses; garbage lies between two others.
fn damaged() -> Case {
    Case::single("v2-damaged", |file| {
        good(file, 0);
        let whole = orders(1, 2);
        let mut bytes = file.encode(&V2::new(whole.clone()));
        let at = position(&bytes, b"paid 2") + 5;
        bytes[at] ^= 0x04;
        let mut flipped = whole;
        let value = flipped.records[1].value.as_mut().expect("orders have values");
        let at = position(value, b"paid 2") + 5;
        value[at] ^= 0x04;
        file.v2_as(bytes, V2::new(flipped));
        good(file, 3);
        file.gap("garbage", GARBAGE);
        good(file, 4);
    })
}

/// The length of a key has changed, so that the data no longer parses.
fn damaged_length() -> Case {
    Case::single("v2-damaged-length", |file| {
        good(file, 0);
        let mut bytes = file.encode(&V2::new(orders(1, 2)));
        let key_length = position(&bytes, b"order-1") - 8;
        bytes[key_length + 5] ^= 0x40;
        file.gap("damaged", &bytes);
        good(file, 3);
    })
}

/// A byte of the batch off the wire has changed, so that its CRC-32C is wrong; there is nothing else to give back.
fn damaged_original() -> Case {
    Case::single("v2-damaged-original", |file| {
        good(file, 0);
        let mut bytes = file.encode(&V2::new(orders(1, 2)).no_entries().original_v2(0));
        let at = position(&bytes, b"order-2");
        bytes[at] ^= 0x01;
        file.gap("damaged", &bytes);
        good(file, 3);
    })
}

fn garbage_with_magic() -> Case {
    Case::single("v2-garbage-with-magic", |file| {
        good(file, 0);
        file.gap("garbage", GARBAGE_WITH_MAGIC);
        good(file, 1);
    })
}

fn garbage_at_the_ends() -> Case {
    Case::single("v2-garbage-ends", |file| {
        file.gap("garbage", GARBAGE);
        good(file, 0);
        good(file, 1);
        file.gap("garbage", GARBAGE);
    })
}

/// The file was made larger before it was written to.
fn zeros() -> Case {
    Case::single("v2-zeros", |file| {
        good(file, 0);
        good(file, 1);
        file.gap("garbage", &[0; 64]);
    })
}
