//! `System.Text.Encoding`.

use crate::{Exception, ExceptionKind, Thrown};

/// A character encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `Encoding.UTF8`; `preamble` is false for `new UTF8Encoding()`.
    Utf8 {
        /// Does `GetPreamble` give the byte order mark?
        preamble: bool,
    },
    /// `Encoding.ASCII`
    Ascii,
    /// `Encoding.Unicode`
    Utf16Le,
    /// `Encoding.BigEndianUnicode`
    Utf16Be,
    /// `Encoding.UTF32`
    Utf32Le,
    /// `utf-32BE`
    Utf32Be,
    /// `Encoding.GetEncoding("iso-8859-1")`, `Encoding.Latin1`
    Latin1,
    /// Any other, such as `windows-1252`.
    Other {
        /// The code page.
        code_page: i32,
        /// The coder.
        coder: &'static encoding_rs::Encoding,
    },
}

/// Code pages that .NET has beyond its own, with the labels of the web.
const CODE_PAGES: &[(i32, &str)] = &[
    (437, "ibm437"),
    (866, "ibm866"),
    (874, "windows-874"),
    (932, "shift_jis"),
    (936, "gb2312"),
    (949, "ks_c_5601-1987"),
    (950, "big5"),
    (1250, "windows-1250"),
    (1251, "windows-1251"),
    (1252, "windows-1252"),
    (1253, "windows-1253"),
    (1254, "windows-1254"),
    (1255, "windows-1255"),
    (1256, "windows-1256"),
    (1257, "windows-1257"),
    (1258, "windows-1258"),
    (10000, "macintosh"),
    (20866, "koi8-r"),
    (20932, "euc-jp"),
    (21866, "koi8-u"),
    (28592, "iso-8859-2"),
    (28593, "iso-8859-3"),
    (28594, "iso-8859-4"),
    (28595, "iso-8859-5"),
    (28596, "iso-8859-6"),
    (28597, "iso-8859-7"),
    (28598, "iso-8859-8"),
    (28599, "iso-8859-9"),
    (28603, "iso-8859-13"),
    (28605, "iso-8859-15"),
    (50220, "iso-2022-jp"),
    (51932, "euc-jp"),
    (51949, "euc-kr"),
    (54936, "gb18030"),
];

const PROVIDER: &str = "For information on defining a custom encoding, see the documentation for the \
                        Encoding.RegisterProvider method.";

impl Encoding {
    /// `Encoding.UTF8`.
    pub const UTF8: Self = Self::Utf8 { preamble: true };

    /// `Encoding.GetEncoding(name)`.
    ///
    /// # Errors
    /// `ArgumentException` for an unknown name.
    pub fn by_name(name: &str) -> Result<Self, Thrown> {
        let lower = name.trim().to_ascii_lowercase();
        Ok(match lower.as_str() {
            "utf-8" | "unicode-1-1-utf-8" | "unicode-2-0-utf-8" | "x-unicode-1-1-utf-8" | "x-unicode-2-0-utf-8" => {
                Self::UTF8
            }
            "us-ascii" | "ascii" | "ansi_x3.4-1968" | "ansi_x3.4-1986" | "cp367" | "csascii" | "ibm367"
            | "iso-ir-6" | "iso646-us" | "iso_646.irv:1991" | "us" => Self::Ascii,
            "utf-16" | "ucs-2" | "unicode" | "iso-10646-ucs-2" | "utf-16le" => Self::Utf16Le,
            "utf-16be" | "unicodefffe" => Self::Utf16Be,
            "utf-32" | "utf-32le" => Self::Utf32Le,
            "utf-32be" => Self::Utf32Be,
            "iso-8859-1" | "iso8859-1" | "iso_8859-1" | "latin1" | "l1" | "cp819" | "ibm819" | "iso-ir-100"
            | "csisolatin1" | "iso_8859-1:1987" => Self::Latin1,
            other => encoding_rs::Encoding::for_label(other.as_bytes())
                .and_then(|coder| {
                    let code_page = CODE_PAGES
                        .iter()
                        .find(|(_, label)| encoding_rs::Encoding::for_label(label.as_bytes()) == Some(coder))?;
                    Some(Self::Other { code_page: code_page.0, coder })
                })
                .ok_or_else(|| {
                    Exception::new(
                        ExceptionKind::Argument,
                        format!("'{name}' is not a supported encoding name. {PROVIDER} (Parameter 'name')"),
                    )
                })?,
        })
    }

    /// `Encoding.GetEncoding(codepage)`.
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException` outside 0 to 65535, `NotSupportedException` for an unknown code page.
    pub fn by_code_page(code_page: i32) -> Result<Self, Thrown> {
        if !(0..=65_535).contains(&code_page) {
            return Err(Exception::new(
                ExceptionKind::ArgumentOutOfRange,
                "Valid values are between 0 and 65535, inclusive. (Parameter 'codepage')",
            ));
        }
        Ok(match code_page {
            0 | 65_001 => Self::UTF8,
            20_127 => Self::Ascii,
            1200 => Self::Utf16Le,
            1201 => Self::Utf16Be,
            12_000 => Self::Utf32Le,
            12_001 => Self::Utf32Be,
            28_591 => Self::Latin1,
            other => CODE_PAGES
                .iter()
                .find(|(known, _)| *known == other)
                .and_then(|(code_page, label)| {
                    let coder = encoding_rs::Encoding::for_label(label.as_bytes())?;
                    Some(Self::Other { code_page: *code_page, coder })
                })
                .ok_or_else(|| {
                    Exception::new(
                        ExceptionKind::NotSupported,
                        format!("No data is available for encoding {other}. {PROVIDER}"),
                    )
                })?,
        })
    }

    /// `WebName`, `BodyName` and `HeaderName`.
    pub fn web_name(self) -> String {
        match self {
            Self::Utf8 { .. } => "utf-8".to_owned(),
            Self::Ascii => "us-ascii".to_owned(),
            Self::Utf16Le => "utf-16".to_owned(),
            Self::Utf16Be => "utf-16BE".to_owned(),
            Self::Utf32Le => "utf-32".to_owned(),
            Self::Utf32Be => "utf-32BE".to_owned(),
            Self::Latin1 => "iso-8859-1".to_owned(),
            Self::Other { coder, .. } => coder.name().to_ascii_lowercase(),
        }
    }

    /// `EncodingName`.
    pub fn encoding_name(self) -> String {
        match self {
            Self::Utf8 { .. } => "Unicode (UTF-8)".to_owned(),
            Self::Ascii => "US-ASCII".to_owned(),
            Self::Utf16Le => "Unicode".to_owned(),
            Self::Utf16Be => "Unicode (Big-Endian)".to_owned(),
            Self::Utf32Le => "Unicode (UTF-32)".to_owned(),
            Self::Utf32Be => "Unicode (UTF-32 Big-Endian)".to_owned(),
            Self::Latin1 => "Western European (ISO)".to_owned(),
            Self::Other { coder, .. } => coder.name().to_owned(),
        }
    }

    /// `CodePage`.
    pub fn code_page(self) -> i32 {
        match self {
            Self::Utf8 { .. } => 65_001,
            Self::Ascii => 20_127,
            Self::Utf16Le => 1200,
            Self::Utf16Be => 1201,
            Self::Utf32Le => 12_000,
            Self::Utf32Be => 12_001,
            Self::Latin1 => 28_591,
            Self::Other { code_page, .. } => code_page,
        }
    }

    /// `IsSingleByte`.
    pub fn is_single_byte(self) -> bool {
        match self {
            Self::Ascii | Self::Latin1 => true,
            Self::Other { coder, .. } => coder.is_single_byte(),
            Self::Utf8 { .. } | Self::Utf16Le | Self::Utf16Be | Self::Utf32Le | Self::Utf32Be => false,
        }
    }

    /// The name of its class in .NET.
    pub fn class_name(self) -> &'static str {
        match self {
            Self::Utf8 { preamble: true } => "System.Text.UTF8Encoding+UTF8EncodingSealed",
            Self::Utf8 { preamble: false } => "System.Text.UTF8Encoding",
            Self::Ascii => "System.Text.ASCIIEncoding+ASCIIEncodingSealed",
            Self::Utf16Le | Self::Utf16Be => "System.Text.UnicodeEncoding",
            Self::Utf32Le | Self::Utf32Be => "System.Text.UTF32Encoding",
            Self::Latin1 => "System.Text.Latin1Encoding",
            Self::Other { .. } => "System.Text.SBCSCodePageEncoding",
        }
    }

    /// `GetPreamble()`.
    pub fn preamble(self) -> &'static [u8] {
        match self {
            Self::Utf8 { preamble: true } => &[0xEF, 0xBB, 0xBF],
            Self::Utf16Le => &[0xFF, 0xFE],
            Self::Utf16Be => &[0xFE, 0xFF],
            Self::Utf32Le => &[0xFF, 0xFE, 0, 0],
            Self::Utf32Be => &[0, 0, 0xFE, 0xFF],
            Self::Utf8 { preamble: false } | Self::Ascii | Self::Latin1 | Self::Other { .. } => &[],
        }
    }

    /// `GetBytes(text)`; what the encoding has no bytes for becomes `?`.
    pub fn bytes(self, text: &str) -> Vec<u8> {
        // One replacement for each UTF-16 unit, so two for a surrogate pair.
        let single = |limit: u32| {
            let mut out = Vec::with_capacity(text.len());
            for character in text.chars() {
                match u32::from(character) {
                    code if code < limit => out.push(code as u8),
                    _ => out.extend(std::iter::repeat_n(b'?', character.len_utf16())),
                }
            }
            out
        };
        match self {
            Self::Utf8 { .. } => text.as_bytes().to_vec(),
            Self::Ascii => single(0x80),
            Self::Latin1 => single(0x100),
            Self::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Self::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            Self::Utf32Le => text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(),
            Self::Utf32Be => text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect(),
            Self::Other { coder, .. } => {
                let mut out = Vec::with_capacity(text.len());
                for character in text.chars() {
                    let mut buffer = [0; 4];
                    let (bytes, _, unmappable) = coder.encode(character.encode_utf8(&mut buffer));
                    if unmappable {
                        out.extend(std::iter::repeat_n(b'?', character.len_utf16()));
                    } else {
                        out.extend_from_slice(&bytes);
                    }
                }
                out
            }
        }
    }

    /// `GetString(bytes)`; what is no text becomes U+FFFD, in ASCII `?`.
    pub fn string(self, bytes: &[u8]) -> String {
        match self {
            Self::Utf8 { .. } => String::from_utf8_lossy(bytes).into_owned(),
            Self::Ascii => bytes.iter().map(|byte| if *byte < 0x80 { char::from(*byte) } else { '?' }).collect(),
            Self::Latin1 => bytes.iter().map(|byte| char::from(*byte)).collect(),
            Self::Utf16Le => utf16(bytes, u16::from_le_bytes),
            Self::Utf16Be => utf16(bytes, u16::from_be_bytes),
            Self::Utf32Le => utf32(bytes, u32::from_le_bytes),
            Self::Utf32Be => utf32(bytes, u32::from_be_bytes),
            Self::Other { coder, .. } => coder.decode_without_bom_handling(bytes).0.into_owned(),
        }
    }

    /// `GetByteCount(text)`.
    pub fn byte_count(self, text: &str) -> usize {
        match self {
            Self::Utf8 { .. } => text.len(),
            Self::Ascii | Self::Latin1 => text.chars().map(char::len_utf16).sum(),
            Self::Utf16Le | Self::Utf16Be => text.chars().map(char::len_utf16).sum::<usize>() * 2,
            Self::Utf32Le | Self::Utf32Be => text.chars().count() * 4,
            Self::Other { .. } => self.bytes(text).len(),
        }
    }

    /// `GetMaxByteCount(charCount)`.
    pub fn max_byte_count(self, chars: i64) -> i64 {
        match self {
            Self::Utf8 { .. } => (chars + 1) * 3,
            Self::Ascii | Self::Latin1 => chars + 1,
            Self::Utf16Le | Self::Utf16Be => (chars + 1) * 2,
            Self::Utf32Le | Self::Utf32Be => (chars + 1) * 4,
            Self::Other { coder, .. } => (chars + 1) * if coder.is_single_byte() { 1 } else { 2 },
        }
    }

    /// `GetMaxCharCount(byteCount)`.
    pub fn max_char_count(self, bytes: i64) -> i64 {
        match self {
            Self::Utf8 { .. } => bytes + 1,
            Self::Ascii | Self::Latin1 | Self::Other { .. } => bytes,
            Self::Utf16Le | Self::Utf16Be => (bytes >> 1) + (bytes & 1) + 1,
            Self::Utf32Le | Self::Utf32Be => bytes / 2 + 2,
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let pairs = bytes.chunks_exact(2);
    let odd = !pairs.remainder().is_empty();
    let mut text: String = char::decode_utf16(pairs.map(|pair| unit([pair[0], pair[1]])))
        .map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    if odd {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}

fn utf32(bytes: &[u8], code: fn([u8; 4]) -> u32) -> String {
    let fours = bytes.chunks_exact(4);
    let odd = !fours.remainder().is_empty();
    let mut text: String = fours
        .map(|four| char::from_u32(code([four[0], four[1], four[2], four[3]])).unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    if odd {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_bytes_and_text_again() {
        let text = "aé€😀";
        for encoding in [Encoding::UTF8, Encoding::Utf16Le, Encoding::Utf16Be, Encoding::Utf32Le, Encoding::Utf32Be] {
            let bytes = encoding.bytes(text);
            assert_eq!(encoding.byte_count(text), bytes.len());
            assert_eq!(encoding.string(&bytes), text);
            assert_eq!(Encoding::by_name(&encoding.web_name()).unwrap(), encoding);
            assert_eq!(Encoding::by_code_page(encoding.code_page()).unwrap(), encoding);
        }
        assert_eq!(Encoding::by_name("windows-1252").unwrap().bytes("€é😀"), [0x80, 0xE9, b'?', b'?']);
        assert_eq!(Encoding::by_code_page(1252).unwrap().string(&[0x80]), "€");
    }

    #[test]
    fn what_does_not_fit_is_replaced() {
        assert_eq!(Encoding::Ascii.bytes("hé😀"), b"h???");
        assert_eq!(Encoding::Latin1.bytes("é€"), [0xE9, b'?']);
        assert_eq!(Encoding::Ascii.string(&[72, 200]), "H?");
        assert_eq!(Encoding::UTF8.string(&[255, 65]), "\u{FFFD}A");
        assert_eq!(Encoding::Utf16Le.string(&[65, 0, 0, 0xD8, 66]), "A\u{FFFD}\u{FFFD}");
        assert_eq!(Encoding::UTF8.string(&[239, 187, 191, 65]), "\u{FEFF}A");
    }

    #[test]
    fn unknown_encodings_throw() {
        assert_eq!(Encoding::by_name("no-such").unwrap_err().kind, ExceptionKind::Argument);
        assert_eq!(Encoding::by_code_page(4711).unwrap_err().kind, ExceptionKind::NotSupported);
        assert_eq!(Encoding::by_code_page(-1).unwrap_err().kind, ExceptionKind::ArgumentOutOfRange);
    }
}
