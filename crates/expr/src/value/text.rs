//! [`Str`]: immutable text, cheap to clone, with .NET's UTF-16 indexes.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use apimite_dotnet::made;
use smol_str::SmolStr;

/// A .NET string. Held as UTF-8, up to 23 bytes in place; indexes and lengths in the methods count UTF-16 units, with a fast path
/// for ASCII.
///
/// Half of a surrogate pair on its own cannot be held and becomes U+FFFD.
/// A `Str` also has an identity for `object == object`: equal literals are one object, computed texts are objects of their own.
#[derive(Clone)]
pub struct Str {
    text: SmolStr,
    /// Tells computed texts apart; 0 for literals.
    identity: u32,
    ascii: bool,
}

/// A number that no other text of this thread has, and hardly one of another thread.
fn identity() -> u32 {
    static THREADS: AtomicU32 = AtomicU32::new(1);
    thread_local! {
        static NEXT: Cell<u32> = const { Cell::new(0) };
    }
    NEXT.with(|next| {
        let mut now = next.get();
        if now == 0 {
            now = THREADS.fetch_add(0x9E37_79B9, Ordering::Relaxed).max(1);
        }
        next.set(now.wrapping_add(1));
        now
    })
}

impl Str {
    /// The empty string.
    pub const EMPTY: Self = Self::fixed("");

    /// A text that lives as long as the program.
    pub const fn fixed(text: &'static str) -> Self {
        Self { ascii: text.is_ascii(), text: SmolStr::new_static(text), identity: 0 }
    }

    fn computed(text: SmolStr) -> Self {
        let identity = if text.is_empty() { 0 } else { identity() };
        Self { ascii: text.is_ascii(), text, identity }
    }

    /// A computed text: an object of its own.
    pub fn new(text: &str) -> Self {
        made::note_text(text);
        Self::computed(SmolStr::new(text))
    }

    /// A computed text of parts one behind the other.
    pub fn concat(parts: &[&str]) -> Self {
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        if length <= made::IN_PLACE {
            let mut text = smol_str::SmolStrBuilder::new();
            parts.iter().for_each(|part| text.push_str(part));
            return Self::computed(text.finish());
        }
        let mut text = String::with_capacity(length);
        parts.iter().for_each(|part| text.push_str(part));
        Self::from(text)
    }

    /// A literal of the source: the same object as every equal literal.
    pub fn literal(text: &str) -> Self {
        Self { identity: 0, ascii: text.is_ascii(), text: SmolStr::new(text) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }

    /// Is every character ASCII?
    pub fn is_ascii(&self) -> bool {
        self.ascii
    }

    /// Does it stand in memory of its own?
    #[inline]
    pub fn is_long(&self) -> bool {
        self.as_str().len() > made::IN_PLACE
    }

    /// `string.Length`: UTF-16 units.
    pub fn len16(&self) -> usize {
        if self.ascii { self.as_str().len() } else { self.as_str().chars().map(char::len_utf16).sum() }
    }

    /// `s[index]`.
    pub fn unit(&self, index: usize) -> Option<u16> {
        if self.ascii {
            return self.as_str().as_bytes().get(index).map(|b| u16::from(*b));
        }
        self.as_str().encode_utf16().nth(index)
    }

    /// The byte offset of a UTF-16 index. An index inside a surrogate pair gives the offset behind the character and `true`.
    pub fn offset(&self, index: usize) -> Option<(usize, bool)> {
        if self.ascii {
            return (index <= self.as_str().len()).then_some((index, false));
        }
        let mut units = 0;
        for (offset, c) in self.as_str().char_indices() {
            if units == index {
                return Some((offset, false));
            }
            units += c.len_utf16();
            if units > index {
                return Some((offset + c.len_utf8(), true));
            }
        }
        (units == index).then_some((self.as_str().len(), false))
    }

    /// The UTF-16 index of a byte offset.
    pub fn index_of_offset(&self, offset: usize) -> usize {
        if self.ascii {
            return offset;
        }
        self.as_str().get(..offset).unwrap_or("").chars().map(char::len_utf16).sum()
    }

    /// `Substring(start, length)` in UTF-16 units; `None` out of range.
    pub fn slice(&self, start: usize, length: usize) -> Option<Self> {
        let end = start.checked_add(length)?;
        if self.ascii {
            let text = self.as_str().get(start..end)?;
            return Some(if text.len() == self.as_str().len() { self.clone() } else { Self::new(text) });
        }
        let total = self.len16();
        if end > total {
            return None;
        }
        if length == total {
            return Some(self.clone());
        }
        let units: Vec<u16> = self.as_str().encode_utf16().skip(start).take(length).collect();
        Some(Self::from_units(&units))
    }

    /// From UTF-16 units; a lone surrogate becomes U+FFFD.
    pub fn from_units(units: &[u16]) -> Self {
        Self::from(String::from_utf16_lossy(units))
    }

    /// `ReferenceEquals`.
    pub fn same_object(&self, other: &Self) -> bool {
        self.identity == other.identity && self.text == other.text
    }
}

impl From<String> for Str {
    fn from(text: String) -> Self {
        made::note_text(&text);
        Self::computed(SmolStr::from(text))
    }
}

impl From<Arc<str>> for Str {
    fn from(text: Arc<str>) -> Self {
        Self::computed(SmolStr::from(text))
    }
}

impl From<&'static str> for Str {
    fn from(text: &'static str) -> Self {
        Self::fixed(text)
    }
}

impl std::ops::Deref for Str {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Str {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Str {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}
impl Eq for Str {}

impl std::hash::Hash for Str {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl std::fmt::Debug for Str {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl std::fmt::Display for Str {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_count_utf16_units() {
        let s = Str::from("a😀b".to_owned());
        assert_eq!(s.len16(), 4);
        assert_eq!(s.unit(3), Some(u16::from(b'b')));
        assert_eq!(s.slice(3, 1).unwrap().as_str(), "b");
        assert_eq!(s.slice(1, 2).unwrap().as_str(), "😀");
        assert!(s.slice(2, 3).is_none());
    }

    #[test]
    fn equal_literals_are_one_object_and_computed_texts_are_not() {
        assert!(Str::literal("ab").same_object(&Str::fixed("ab")));
        assert!(!Str::new("ab").same_object(&Str::new("ab")));
        assert!(!Str::new("ab").same_object(&Str::literal("ab")));
        let one = Str::new("ab");
        assert!(one.clone().same_object(&one));
    }
}
