//! TensorBoard's event files: scalars by tag and step.
//!
//! A file is a row of TFRecords (length, its checksum, the bytes, their checksum; checksums are CRC-32C, masked), each a protocol buffer `Event`
//! (`tensorflow/core/util/event.proto`), of which four fields are written: wall time, step, the file's version, and summaries of one
//! simple value.

use super::onnx::wire::Message;

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    /// `loss`, `metric/map50`.
    pub tag: String,
    /// Epoch or trial.
    pub step: u64,
    /// The value; what is not finite is written as it is.
    pub value: f32,
}

/// The bytes of a file of one run. `time` is the wall time of all events, in seconds since 1970.
pub fn events(scalars: &[Scalar], time: f64) -> Vec<u8> {
    let mut out = Vec::new();
    record(&mut out, &event(time).bytes(3, "brain.Event:2").0);
    for scalar in scalars {
        let value = Message::default().bytes(1, &scalar.tag).float(2, scalar.value);
        let summary = Message::default().message(1, &value);
        record(&mut out, &event(time).int(2, scalar.step as i64).message(5, &summary).0);
    }
    out
}

/// An event that begins with its wall time.
fn event(time: f64) -> Message {
    Message::default().double(1, time)
}

fn record(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = (bytes.len() as u64).to_le_bytes();
    out.extend_from_slice(&length);
    out.extend_from_slice(&masked(&length).to_le_bytes());
    out.extend_from_slice(bytes);
    out.extend_from_slice(&masked(bytes).to_le_bytes());
}

/// TFRecord's mask, so that a checksum of checksums is no trivial one.
fn masked(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// Castagnoli's CRC (RFC 3720, appendix B.4), bit by bit: event files are small.
fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standard() {
        // RFC 3720, appendix B.4.
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn records_follow_each_other_and_hold_their_values() {
        let scalars = [1u64, 300].map(|step| Scalar { tag: "loss".into(), step, value: 0.5 });
        let bytes = events(&scalars, 1.5);
        let (mut at, mut found) = (0, Vec::new());
        while at < bytes.len() {
            let length = u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight")) as usize;
            let check = |from: usize, to: usize, sum: usize| masked(&bytes[from..to]).to_le_bytes() == bytes[sum..sum + 4];
            assert!(check(at, at + 8, at + 8) && check(at + 12, at + 12 + length, at + 12 + length), "at {at}");
            found.push(bytes[at + 12..at + 12 + length].to_vec());
            at += 16 + length;
        }
        assert_eq!(found.len(), 3);
        assert!(found[0].ends_with(b"\x1a\x0dbrain.Event:2"));
        assert!(found[2].windows(3).any(|w| w == [0x10, 0xac, 0x02]), "step 300: {:?}", found[2]);
        assert!(found[1].ends_with(&[0x0a, 0x04, b'l', b'o', b's', b's', 0x15, 0, 0, 0, 0x3f]), "{:?}", found[1]);
    }
}
