//! A text that is searched: kept as UTF-8, addressed in UTF-16 units.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use super::fast::TextKind;

/// Bytes between two entries of the offset table.
const STRIDE: usize = 64;

#[derive(Debug)]
pub(super) struct Subject {
    pub(super) text: Arc<str>,
    pub(super) kind: TextKind,
    /// Units that begin before byte `index * STRIDE`.
    marks: OnceLock<Vec<u32>>,
    units: OnceLock<Vec<u16>>,
    length: OnceLock<usize>,
}

impl Subject {
    pub(super) fn new(text: Arc<str>) -> Self {
        let kind = TextKind::of(&text);
        Self { text, kind, marks: OnceLock::new(), units: OnceLock::new(), length: OnceLock::new() }
    }

    pub(super) fn units(&self) -> &[u16] {
        self.units.get_or_init(|| self.text.encode_utf16().collect())
    }

    /// Length in UTF-16 units.
    pub(super) fn len(&self) -> usize {
        match self.kind {
            TextKind::Ascii => self.text.len(),
            TextKind::Basic | TextKind::Astral => *self.length.get_or_init(|| units_in(self.text.as_bytes())),
        }
    }

    fn marks(&self) -> &[u32] {
        self.marks.get_or_init(|| {
            let mut marks = Vec::with_capacity(self.text.len() / STRIDE + 2);
            let mut count = 0;
            for chunk in self.text.as_bytes().chunks(STRIDE) {
                marks.push(count);
                count += units_in(chunk) as u32;
            }
            marks.push(count);
            marks
        })
    }

    /// Units before a byte offset on a character boundary.
    pub(super) fn unit_of_byte(&self, byte: usize) -> usize {
        if self.kind == TextKind::Ascii {
            return byte;
        }
        let stride = byte / STRIDE;
        let before = self.marks().get(stride).copied().unwrap_or(0) as usize;
        before + units_in(&self.text.as_bytes()[(stride * STRIDE).min(byte)..byte])
    }

    /// The byte offset of a unit; `None` inside a surrogate pair.
    pub(super) fn byte_of_unit(&self, unit: usize) -> Option<usize> {
        if self.kind == TextKind::Ascii {
            return (unit <= self.text.len()).then_some(unit);
        }
        let marks = self.marks();
        let stride = marks.partition_point(|mark| *mark as usize <= unit).saturating_sub(1);
        let mut count = marks[stride] as usize;
        let bytes = self.text.as_bytes();
        for (byte, value) in bytes.iter().enumerate().skip(stride * STRIDE) {
            if value & 0xC0 == 0x80 {
                continue;
            }
            if count >= unit {
                return (count == unit).then_some(byte);
            }
            count += 1 + usize::from(*value >= 0xF0);
        }
        (count == unit).then_some(bytes.len())
    }

    /// The text of a range of units; half of a surrogate pair becomes U+FFFD.
    pub(super) fn slice(&self, start: usize, end: usize) -> Cow<'_, str> {
        if let (Some(from), Some(to)) = (self.byte_of_unit(start), self.byte_of_unit(end))
            && let Some(text) = self.text.get(from..to)
        {
            return Cow::Borrowed(text);
        }
        Cow::Owned(String::from_utf16_lossy(self.units().get(start..end).unwrap_or_default()))
    }
}

fn units_in(bytes: &[u8]) -> usize {
    bytes.iter().map(|byte| usize::from(byte & 0xC0 != 0x80) + usize::from(*byte >= 0xF0)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_go_both_ways() {
        let text: String = (0..200).map(|i| ["a", "é", "€", "😀"][i % 4]).collect();
        let subject = Subject::new(Arc::from(text.as_str()));
        let mut units = 0;
        for (byte, character) in text.char_indices() {
            assert_eq!(subject.unit_of_byte(byte), units);
            assert_eq!(subject.byte_of_unit(units), Some(byte));
            if character.len_utf16() == 2 {
                assert_eq!(subject.byte_of_unit(units + 1), None);
            }
            units += character.len_utf16();
        }
        assert_eq!(subject.len(), units);
        assert_eq!(subject.byte_of_unit(units), Some(text.len()));
        assert_eq!(subject.unit_of_byte(text.len()), units);
    }
}
