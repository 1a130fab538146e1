//! Bytes of a text file as text: by its byte order mark, by what an XML file declares, else UTF-8.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use std::borrow::Cow;

/// How far into an XML file its declaration is looked for.
const DECLARATION: usize = 256;

/// A list, a description or a label file. The byte order mark is not part of the text.
///
/// # Errors
/// Bytes that are not of the encoding.
pub fn plain(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    let (encoding, mark) = Encoding::for_bom(bytes).unwrap_or((UTF_8, 0));
    decode(encoding, &bytes[mark..]).ok_or_else(|| format!("not {} text; save it as UTF-8", encoding.name()))
}

/// An XML file, in the encoding that its first bytes or its declaration name.
///
/// # Errors
/// An encoding that is not known; bytes that are not of it.
pub fn xml(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    let utf16 = match bytes {
        [b'<', 0, ..] => Some(UTF_16LE),
        [0, b'<', ..] => Some(UTF_16BE),
        _ => None,
    };
    let (encoding, mark) = match (Encoding::for_bom(bytes), utf16) {
        (Some(found), _) => found,
        (None, Some(encoding)) => (encoding, 0),
        (None, None) => (declared(bytes)?, 0),
    };
    decode(encoding, &bytes[mark..]).ok_or_else(|| {
        let name = encoding.name();
        if encoding == UTF_8 {
            "not UTF-8 text; name its encoding in its first line: `<?xml version=\"1.0\" encoding=\"…\"?>`".to_string()
        } else {
            format!("not {name} text, which its first line declares")
        }
    })
}

fn decode<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Option<Cow<'a, str>> {
    encoding.decode_without_bom_handling_and_without_replacement(bytes)
}

/// What `<?xml … encoding="…"?>` says; UTF-8 where it says nothing.
fn declared(bytes: &[u8]) -> Result<&'static Encoding, String> {
    let head: String = bytes.iter().take(DECLARATION).map(|&b| char::from(b)).collect();
    let Some(head) = head.trim_start().strip_prefix("<?xml") else { return Ok(UTF_8) };
    let head = head.split("?>").next().unwrap_or_default();
    let Some((_, rest)) = head.split_once("encoding") else { return Ok(UTF_8) };
    let value = rest.trim_start().strip_prefix('=').map(str::trim_start).unwrap_or_default();
    let label = value.strip_prefix(['"', '\'']).and_then(|v| v.split(['"', '\'']).next()).unwrap_or_default();
    let encoding = Encoding::for_label(label.as_bytes()).ok_or_else(|| format!("its declared encoding `{label}` is not known"))?;
    // The declaration itself was read byte by byte, so the file is not in 16-bit units, whatever it says.
    Ok(if encoding == UTF_16LE || encoding == UTF_16BE { UTF_8 } else { encoding })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_marks_are_no_text() {
        assert_eq!(plain(b"\xEF\xBB\xBFred\n").unwrap(), "red\n");
        assert_eq!(plain(b"\xFF\xFEr\0\xE9\0").unwrap(), "ré");
        assert_eq!(plain(b"\xFE\xFF\0r").unwrap(), "r");
        assert_eq!(plain("rot é".as_bytes()).unwrap(), "rot é");
        assert!(plain(b"r\xE9").unwrap_err().contains("UTF-8"));
        assert!(plain(b"\xFF\xFEr").is_err());
    }

    #[test]
    fn xml_is_read_in_its_declared_encoding() {
        let of = |label: &str, bytes: &[u8]| [format!("<?xml version='1.0' encoding='{label}' ?><a>").as_bytes(), bytes, b"</a>"].concat();
        for (label, bytes, text) in [
            ("gb2312", &b"\xBA\xEC"[..], "红"),
            ("ISO-8859-1", b"\xE9", "é"),
            ("windows-1251", b"\xEA\xF0", "кр"),
            ("Shift_JIS", b"\x90\xD4", "赤"),
            ("utf-8", "红".as_bytes(), "红"),
            ("utf-16", "红".as_bytes(), "红"),
        ] {
            assert!(xml(&of(label, bytes)).unwrap().contains(&format!("<a>{text}</a>")), "{label}");
        }
        let sixteen: Vec<u8> = "<a>红</a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(xml(&sixteen).unwrap(), "<a>红</a>");
        assert_eq!(xml(&[b"\xFF\xFE".to_vec(), sixteen].concat()).unwrap(), "<a>红</a>");
        assert!(xml(&of("utf-9", b"")).unwrap_err().contains("`utf-9` is not known"));
        assert!(xml(&of("gb2312", b"\xBA")).unwrap_err().contains("GBK"));
        assert!(xml(b"<a>\xE9</a>").unwrap_err().contains("name its encoding"));
    }
}
