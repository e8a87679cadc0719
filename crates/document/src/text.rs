//! A piece of text with the way back to its source.

use std::ops::Range;

use apimite_diag::Span;

use crate::island::{self, Island};

/// Text of an attribute or an element: the value that counts, and where each byte of it comes from.
///
/// In the value entities are resolved, line ends are `\n`, and named values are replaced once that has been asked for.
#[derive(Clone, Debug)]
pub struct Text {
    pub(crate) value: String,
    pub(crate) span: Span,
    /// Pieces in order of the value. INVARIANT: they tile the value; empty = the value is the source text of `span`.
    pub(crate) pieces: Vec<Piece>,
    pub(crate) is_substituted: bool,
}

/// A run of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Where it ends in the value.
    pub(crate) value_end: u32,
    /// Where it stands in the source.
    pub(crate) source: Span,
    /// Byte for byte the same as in the source; otherwise the whole run stands for the whole source range.
    pub(crate) is_same: bool,
}

impl Text {
    /// A text that stands in the source as it is.
    pub fn plain(value: impl Into<String>, span: Span) -> Self {
        Self { value: value.into(), span, pieces: Vec::new(), is_substituted: false }
    }

    /// The value.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Where it stands in the source, quotes left out.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Is there nothing but white space?
    pub fn is_blank(&self) -> bool {
        self.value.trim().is_empty()
    }

    /// Has a named value been put in?
    pub fn is_substituted(&self) -> bool {
        self.is_substituted
    }

    /// The expression, if the whole value is one; white space around it is allowed.
    pub fn expression(&self) -> Option<Island<'_>> {
        island::whole(&self.value)
    }

    /// Does it try to be an expression, well-formed or not?
    pub fn starts_like_expression(&self) -> bool {
        let start = self.value.len() - self.value.trim_start().len();
        island::opening(&self.value, start).is_some()
    }

    /// Where a byte range of the value stands in the source.
    pub fn source_span(&self, range: Range<usize>) -> Span {
        if self.pieces.is_empty() {
            let start = Span::from_usize(range.start, range.end);
            let clamp = |offset: u32| self.span.start.saturating_add(offset).min(self.span.end);
            return Span::new(clamp(start.start), clamp(start.end));
        }
        let start = self.place(range.start, false);
        let end = if range.end > range.start { self.place(range.end, true) } else { start };
        Span::new(start, end.max(start))
    }

    /// The source offset of a value offset; `is_end`: of the end of a range.
    fn place(&self, offset: usize, is_end: bool) -> u32 {
        let offset = u32::try_from(offset).unwrap_or(u32::MAX);
        let index = self
            .pieces
            .partition_point(|piece| if is_end { piece.value_end < offset } else { piece.value_end <= offset });
        let Some(piece) = self.pieces.get(index) else {
            return self.pieces.last().map_or(self.span.end, |last| last.source.end);
        };
        let value_start = index.checked_sub(1).and_then(|before| self.pieces.get(before)).map_or(0, |p| p.value_end);
        if piece.is_same {
            (piece.source.start + (offset - value_start)).min(piece.source.end)
        } else if is_end {
            piece.source.end
        } else {
            piece.source.start
        }
    }

    /// The pieces, made explicit.
    pub(crate) fn explicit_pieces(&self) -> Vec<Piece> {
        if !self.pieces.is_empty() || self.value.is_empty() {
            return self.pieces.clone();
        }
        vec![Piece {
            value_end: Span::from_usize(self.value.len(), 0).start,
            source: self.span,
            is_same: self.value.len() == self.span.range().len(),
        }]
    }

    /// Adds a text that follows, not necessarily at once.
    pub(crate) fn append(&mut self, next: &Self) {
        let mut pieces = self.explicit_pieces();
        let shift = Span::from_usize(self.value.len(), 0).start;
        pieces.extend(next.explicit_pieces().into_iter().map(|p| Piece { value_end: p.value_end + shift, ..p }));
        self.pieces = pieces;
        self.value.push_str(&next.value);
        self.span = self.span.to(next.span);
        self.is_substituted |= next.is_substituted;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_after_an_entity_maps_back_behind_it() {
        // source: a&lt;b at 10..16
        let text = Text {
            value: "a<b".into(),
            span: Span::new(10, 16),
            pieces: vec![
                Piece { value_end: 1, source: Span::new(10, 11), is_same: true },
                Piece { value_end: 2, source: Span::new(11, 15), is_same: false },
                Piece { value_end: 3, source: Span::new(15, 16), is_same: true },
            ],
            is_substituted: false,
        };
        assert_eq!(text.source_span(1..2), Span::new(11, 15));
        assert_eq!(text.source_span(2..3), Span::new(15, 16));
        assert_eq!(text.source_span(0..3), Span::new(10, 16));
        assert_eq!(text.source_span(3..3), Span::new(16, 16));
    }
}
