use std::sync::{Arc, OnceLock};

/// A byte range in a [`Source`]: `start` inclusive, `end` exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The range `start..end`, in bytes.
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// The same range from `usize` offsets; offsets past 4 GiB saturate.
    pub fn from_usize(start: usize, end: usize) -> Self {
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self::new(narrow(start), narrow(end))
    }

    /// The smallest range that holds both.
    pub fn to(self, other: Self) -> Self {
        Self::new(self.start.min(other.start), self.end.max(other.end))
    }

    /// The range as `usize` offsets, for slicing.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A place for people: both numbers count from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1, in Unicode characters.
    pub column: u32,
}

/// One named text, with its lines found on first use. Cheap to clone.
#[derive(Clone)]
pub struct Source(Arc<Inner>);

struct Inner {
    name: Box<str>,
    text: Box<str>,
    lines: OnceLock<Vec<u32>>,
}

impl Source {
    /// A source with the name shown to people (a path as the user wrote it) and its text.
    pub fn new(name: impl Into<Box<str>>, text: impl Into<Box<str>>) -> Self {
        Self(Arc::new(Inner { name: name.into(), text: text.into(), lines: OnceLock::new() }))
    }

    /// The name shown to people.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The text of a span; empty when the span does not fit the text.
    pub fn slice(&self, span: Span) -> &str {
        self.text().get(span.range()).unwrap_or("")
    }

    fn lines(&self) -> &[u32] {
        self.0.lines.get_or_init(|| {
            let mut starts = vec![0];
            for (offset, byte) in self.text().bytes().enumerate() {
                if byte == b'\n' {
                    starts.push(Span::from_usize(offset + 1, 0).start);
                }
            }
            starts
        })
    }

    /// Line and column of a byte offset.
    pub fn position(&self, offset: u32) -> Position {
        let lines = self.lines();
        let index = lines.partition_point(|&start| start <= offset).saturating_sub(1);
        let start = lines.get(index).copied().unwrap_or(0);
        let before = self.text().get(start as usize..offset as usize).unwrap_or("");
        let column = u32::try_from(before.chars().count()).unwrap_or(u32::MAX - 1) + 1;
        Position { line: u32::try_from(index).unwrap_or(u32::MAX - 1) + 1, column }
    }

    /// The text of a line (from 1), without its line break.
    pub fn line(&self, line: u32) -> &str {
        let lines = self.lines();
        let index = line.saturating_sub(1) as usize;
        let start = lines.get(index).copied().unwrap_or(0) as usize;
        let end = lines.get(index + 1).map_or(self.text().len(), |&next| next as usize);
        self.text().get(start..end).unwrap_or("").trim_end_matches(['\n', '\r'])
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Source({})", self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let source = Source::new("a", "é<a>\n  b");
        assert_eq!(source.position(2), Position { line: 1, column: 2 });
        assert_eq!(source.position(8), Position { line: 2, column: 3 });
        assert_eq!(source.line(2), "  b");
    }
}
