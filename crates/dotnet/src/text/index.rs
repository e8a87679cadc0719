//! UTF-16 indexes in UTF-8 texts.

/// `Length`: UTF-16 units.
pub fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(char::len_utf16).sum() }
}

/// The byte offset of a UTF-16 index; an index inside a pair gives the start of its character. `None` beyond the end.
pub fn byte_of(text: &str, index: usize) -> Option<usize> {
    if text.is_ascii() {
        return (index <= text.len()).then_some(index);
    }
    let mut units = 0;
    for (offset, c) in text.char_indices() {
        units += c.len_utf16();
        if units > index {
            return Some(offset);
        }
    }
    (units == index).then_some(text.len())
}

/// The UTF-16 index of a byte offset.
pub fn unit_of(text: &str, offset: usize) -> usize {
    let head = text.get(..offset).unwrap_or(text);
    length(head)
}

/// From UTF-16 units; a lone surrogate becomes U+FFFD.
pub fn from_units(units: &[u16]) -> String {
    String::from_utf16_lossy(units)
}

/// UTF-16 units `start..start + count`; out of range is cut.
pub fn slice(text: &str, start: usize, count: usize) -> String {
    if text.is_ascii() {
        let end = start.saturating_add(count).min(text.len());
        return text.get(start.min(end)..end).unwrap_or("").to_owned();
    }
    let units: Vec<u16> = text.encode_utf16().skip(start).take(count).collect();
    from_units(&units)
}

/// The text of one UTF-16 unit.
pub fn unit_text(unit: u16) -> String {
    char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER).to_string()
}

/// The character of one UTF-16 unit; a surrogate is U+FFFD.
pub fn unit_char(unit: u16) -> char {
    char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_count_utf16_units() {
        let text = "a😀b";
        assert_eq!(length(text), 4);
        assert_eq!(
            (byte_of(text, 1), byte_of(text, 3), byte_of(text, 4), byte_of(text, 5)),
            (Some(1), Some(5), Some(6), None)
        );
        assert_eq!(unit_of(text, 5), 3);
        assert_eq!(slice(text, 3, 9), "b");
        assert_eq!(slice(text, 1, 2), "😀");
    }
}
