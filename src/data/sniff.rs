//! What a file is that is no JPEG or PNG, by its first bytes.

/// In words, for a message that says why a file was not read.
pub fn what(bytes: &[u8]) -> String {
    let head = &bytes[..bytes.len().min(512)];
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let starts = |signs: &[&[u8]]| signs.iter().any(|s| head.starts_with(s));
    let format = match head {
        [] => return "an empty file".into(),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "WebP",
        [_, _, _, _, b'f', b't', b'y', b'p', b0, b1, b2, b3, ..] => match &[*b0, *b1, *b2, *b3] {
            b"avif" | b"avis" => "AVIF",
            b"heic" | b"heix" | b"hevc" | b"mif1" | b"msf1" => "HEIC",
            // The same box begins every film of the kind.
            _ => return "neither JPEG nor PNG: it is a film, or another file in MP4's form".into(),
        },
        _ if starts(&[b"GIF8"]) => "GIF",
        _ if starts(&[b"BM"]) => "BMP",
        _ if starts(&[b"II*\0", b"MM\0*"]) => "TIFF",
        _ if starts(&[b"\xFF\x0A", b"\0\0\0\x0CJXL"]) => "JPEG XL",
        _ if starts(&[b"\0\0\0\x0CjP", b"\xFF\x4F\xFF\x51"]) => "JPEG 2000",
        _ if starts(&[b"%PDF"]) => "PDF",
        _ if starts(&[b"PK\x03\x04"]) => return "neither JPEG nor PNG: it is a ZIP archive".into(),
        _ if text.starts_with("version https://git-lfs") => {
            return "neither JPEG nor PNG: it is a pointer of Git LFS; fetch the files with `git lfs pull`".into();
        }
        _ if text.contains("<html") || text.contains("<!doctype html") => {
            return "neither JPEG nor PNG: it is a web page; its download failed".into();
        }
        _ => return "neither JPEG nor PNG".into(),
    };
    format!("neither JPEG nor PNG: it is {format}; convert it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_formats_are_named() {
        for (bytes, name) in [
            (&b"RIFF\x10\0\0\0WEBPVP8 "[..], "WebP"),
            (b"\0\0\0\x1cftypavif", "AVIF"),
            (b"\0\0\0\x1cftypheic", "HEIC"),
            (b"\0\0\0\x1cftypmif1", "HEIC"),
            (b"\0\0\0\x20ftypmp42", "a film"),
            (b"\0\0\0\x20ftypM4V ", "a film"),
            (b"GIF89a", "GIF"),
            (b"BM\0\0", "BMP"),
            (b"II*\0", "TIFF"),
            (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
            (b"\n<!DOCTYPE html><html>", "web page"),
            (b"", "an empty file"),
            (b"?", "neither JPEG nor PNG"),
        ] {
            assert!(what(bytes).contains(name), "{name}: {}", what(bytes));
        }
    }
}
