// SPDX-License-Identifier: Apache-2.0
//! The codecs as Kafka's batches use them, each in the variants that clients produce.

use std::io::Write;

/// One gzip member without a time in its header.
pub fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::GzBuilder::new().mtime(0).write(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(data).expect("memory");
    encoder.finish().expect("memory")
}

/// Two gzip members, one after the other.
pub fn gzip_members(data: &[u8]) -> Vec<u8> {
    let (first, second) = data.split_at(data.len() / 2);
    [gzip(first), gzip(second)].concat()
}

/// A single block without framing, as librdkafka sends it.
pub fn snappy_raw(data: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(data).expect("memory")
}

/// Xerial framing, as Java clients send it, with blocks of at most `block` bytes.
pub fn snappy_xerial(data: &[u8], block: usize) -> Vec<u8> {
    let mut out = b"\x82SNAPPY\0".to_vec();
    out.extend(1i32.to_be_bytes());
    out.extend(1i32.to_be_bytes());
    for part in data.chunks(block) {
        let packed = snappy_raw(part);
        out.extend((packed.len() as i32).to_be_bytes());
        out.extend(packed);
    }
    out
}

/// The frame format, with or without the content's size and checksum.
pub fn lz4(data: &[u8], sized: bool) -> Vec<u8> {
    let info = lz4_flex::frame::FrameInfo::new()
        .block_size(lz4_flex::frame::BlockSize::Max64KB)
        .content_size(sized.then_some(data.len() as u64))
        .content_checksum(sized);
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(data).expect("memory");
    encoder.finish().expect("memory")
}

/// With or without the content's size and checksum.
pub fn zstd(data: &[u8], sized: bool) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).expect("level 3 exists");
    encoder.include_contentsize(sized).expect("a known option");
    encoder.include_checksum(sized).expect("a known option");
    if sized {
        encoder.set_pledged_src_size(Some(data.len() as u64)).expect("nothing was written yet");
    }
    encoder.write_all(data).expect("memory");
    encoder.finish().expect("memory")
}
