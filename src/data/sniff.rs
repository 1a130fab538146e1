//! What a file is that is no image in a format that is read, by its first bytes.

/// The formats that are read, for messages.
pub const READ: &str = "JPEG, PNG, BMP, WebP, TIFF";

/// In words, for a message that says why a file was not read.
pub fn what(bytes: &[u8]) -> String {
    let head = &bytes[..bytes.len().min(512)];
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let starts = |signs: &[&[u8]]| signs.iter().any(|s| head.starts_with(s));
    let format = match head {
        [] => return "an empty file".into(),
        [_, _, _, _, b'f', b't', b'y', b'p', b0, b1, b2, b3, ..] => match &[*b0, *b1, *b2, *b3] {
            b"avif" | b"avis" => "AVIF",
            b"heic" | b"heix" | b"hevc" | b"mif1" | b"msf1" => "HEIC",
            // The same box begins every film of the kind.
            _ => return none("a film, or another file in MP4's form"),
        },
        _ if starts(&[b"GIF8"]) => "GIF",
        _ if starts(&[b"\xFF\x0A", b"\0\0\0\x0CJXL"]) => "JPEG XL",
        _ if starts(&[b"\0\0\0\x0CjP", b"\xFF\x4F\xFF\x51"]) => "JPEG 2000",
        _ if starts(&[b"%PDF"]) => "PDF",
        _ if starts(&[b"PK\x03\x04"]) => return none("a ZIP archive"),
        _ if text.starts_with("version https://git-lfs") => {
            return none("a pointer of Git LFS; fetch the files with `git lfs pull`");
        }
        _ if text.contains("<html") || text.contains("<!doctype html") => {
            return none("a web page; its download failed");
        }
        _ => return format!("not an image in a format that is read ({READ})"),
    };
    none(&format!("{format}; convert it"))
}

fn none(found: &str) -> String {
    format!("not an image in a format that is read ({READ}): it is {found}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_formats_are_named() {
        for (bytes, name) in [
            (&b"\0\0\0\x1cftypavif"[..], "AVIF"),
            (b"\0\0\0\x1cftypheic", "HEIC"),
            (b"\0\0\0\x1cftypmif1", "HEIC"),
            (b"\0\0\0\x20ftypmp42", "a film"),
            (b"\0\0\0\x20ftypM4V ", "a film"),
            (b"GIF89a", "GIF"),
            (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
            (b"\n<!DOCTYPE html><html>", "web page"),
            (b"", "an empty file"),
            (b"?", "not an image in a format that is read"),
        ] {
            assert!(what(bytes).contains(name), "{name}: {}", what(bytes));
        }
    }
}
