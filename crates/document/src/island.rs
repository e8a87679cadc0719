//! Islands: expressions inside a document, and the scanner that finds their end.
//!
//! The scanner counts the brackets of the island's own kind outside strings, characters and comments, as Razor does; what is
//! wrong inside is left to the reader of the language.

/// The language of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// C#, `@(…)`.
    CSharp,
    /// Rhai, `@rhai(…)`.
    Rhai,
}

/// Expression or statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `@(…)`.
    Expression,
    /// `@{…}`.
    Block,
}

/// An expression that is the whole of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Island<'a> {
    /// Its language.
    pub language: Language,
    /// Expression or statements.
    pub form: Form,
    /// What stands between the outer brackets.
    pub code: &'a str,
    /// Where `code` starts in the value, in bytes.
    pub code_offset: usize,
}

/// `@(` and its like at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Opening {
    pub(crate) language: Language,
    pub(crate) form: Form,
    /// Offset of the bracket.
    pub(crate) bracket: usize,
}

/// Why an island has no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unclosed {
    pub(crate) what: Unterminated,
    /// Where the thing without end starts.
    pub(crate) at: usize,
}

/// What has no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unterminated {
    /// A string that must end on its line.
    String,
    /// A string that may span lines.
    LongString,
    /// A character.
    Character,
    /// `/*`.
    Comment,
    /// The island itself.
    Island,
}

/// Are entity references read as the characters they stand for?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// The text as it is.
    Raw,
    /// `&quot;` is `"`.
    Decoded,
}

/// The opening of an island at `at`.
pub(crate) fn opening(text: &str, at: usize) -> Option<Opening> {
    let rest = text.get(at..)?.strip_prefix('@')?;
    let (language, rest, skip) = match rest.strip_prefix("rhai") {
        Some(rest) => (Language::Rhai, rest, 5),
        None => (Language::CSharp, rest, 1),
    };
    let form = match rest.as_bytes().first()? {
        b'(' => Form::Expression,
        b'{' => Form::Block,
        _ => return None,
    };
    Some(Opening { language, form, bracket: at + skip })
}

/// The island that is the whole of a value, white space aside.
pub(crate) fn whole(value: &str) -> Option<Island<'_>> {
    let start = value.len() - value.trim_start().len();
    let found = opening(value, start)?;
    let end = close(value, found, View::Raw).ok()?;
    if !value.get(end..)?.trim().is_empty() {
        return None;
    }
    let code_offset = found.bracket + 1;
    Some(Island { language: found.language, form: found.form, code: value.get(code_offset..end - 1)?, code_offset })
}

/// Where the scanner is.
enum Frame {
    /// Code of the island: brackets of its kind that are open.
    Code { depth: usize },
    /// Code in a hole of an interpolated string: braces and other brackets that are open.
    Hole { braces: usize, others: usize },
    /// Text of an interpolated string; `quotes` is 0 for ordinary ones, else the length of the raw delimiter.
    Interpolated { at: usize, is_verbatim: bool, quotes: usize, dollars: usize },
    /// Text between back-ticks (Rhai).
    BackTick { at: usize },
}

/// The offset behind the closing bracket of an island.
pub(crate) fn close(text: &str, opening: Opening, view: View) -> Result<usize, Unclosed> {
    let cursor = Cursor { bytes: text.as_bytes(), view };
    let (open, shut) = match opening.form {
        Form::Expression => (b'(', b')'),
        Form::Block => (b'{', b'}'),
    };
    let is_csharp = opening.language == Language::CSharp;
    let mut at = opening.bracket + 1;
    let mut frames = vec![Frame::Code { depth: 1 }];
    while let Some((byte, next)) = cursor.read(at) {
        let Some(frame) = frames.last_mut() else { break };
        match frame {
            Frame::Interpolated { at: start, is_verbatim, quotes, dollars } => {
                if *quotes > 0 {
                    let run = cursor.run(at, b'"');
                    if run.0 >= *quotes {
                        at = cursor.skip(at, *quotes);
                        frames.pop();
                        continue;
                    }
                    let (braces, behind) = cursor.run(at, b'{');
                    if braces >= *dollars {
                        at = behind;
                        frames.push(Frame::Hole { braces: 0, others: 0 });
                        continue;
                    }
                    at = if braces > 0 { behind } else { next };
                    continue;
                }
                match byte {
                    b'"' if *is_verbatim && cursor.is(next, b'"') => at = cursor.skip(next, 1),
                    b'"' => {
                        frames.pop();
                        at = next;
                    }
                    b'\\' if !*is_verbatim => at = cursor.skip(next, 1),
                    b'\n' if !*is_verbatim => return Err(Unclosed { what: Unterminated::String, at: *start }),
                    b'{' if cursor.is(next, b'{') => at = cursor.skip(next, 1),
                    b'{' => {
                        frames.push(Frame::Hole { braces: 0, others: 0 });
                        at = next;
                    }
                    _ => at = next,
                }
                continue;
            }
            Frame::BackTick { .. } => {
                match byte {
                    b'`' => {
                        frames.pop();
                        at = next;
                    }
                    b'$' if cursor.is(next, b'{') => {
                        frames.push(Frame::Hole { braces: 0, others: 0 });
                        at = cursor.skip(next, 1);
                    }
                    _ => at = next,
                }
                continue;
            }
            Frame::Code { depth } => {
                if byte == open {
                    *depth += 1;
                } else if byte == shut {
                    *depth -= 1;
                    if *depth == 0 {
                        return Ok(next);
                    }
                }
            }
            Frame::Hole { braces, others } => match byte {
                b'{' => *braces += 1,
                b'(' | b'[' => *others += 1,
                b')' | b']' => *others = others.saturating_sub(1),
                b'}' if *braces > 0 => *braces -= 1,
                b'}' => {
                    frames.pop();
                    at = match frames.last() {
                        Some(Frame::Interpolated { quotes, dollars, .. }) if *quotes > 0 => cursor.skip(at, *dollars),
                        _ => next,
                    };
                    continue;
                }
                b':' if is_csharp && *braces == 0 && *others == 0 && !cursor.is(next, b':') => {
                    // the format clause: text up to the brace
                    at = next;
                    while let Some((byte, next)) = cursor.read(at) {
                        if matches!(byte, b'}' | b'\n' | b'"') {
                            break;
                        }
                        at = next;
                    }
                    continue;
                }
                b':' if is_csharp && cursor.is(next, b':') => {
                    at = cursor.skip(next, 1);
                    continue;
                }
                _ => {}
            },
        }
        at = match byte {
            b'/' if cursor.is(next, b'/') => cursor.line_end(next),
            b'/' if cursor.is(next, b'*') => cursor.block_comment(next, at, !is_csharp)?,
            b'\'' => cursor.quoted(at, next, b'\'', Unterminated::Character)?,
            b'"' if is_csharp => {
                let (quotes, behind) = cursor.run(at, b'"');
                match quotes {
                    1 => cursor.quoted(at, next, b'"', Unterminated::String)?,
                    2 => behind,
                    _ => cursor.raw_string(at, behind, quotes)?,
                }
            }
            b'"' => cursor.quoted(at, next, b'"', Unterminated::LongString)?,
            b'`' if !is_csharp => {
                frames.push(Frame::BackTick { at });
                next
            }
            b'@' if is_csharp && cursor.is(next, b'"') => cursor.verbatim(at, cursor.skip(next, 1))?,
            b'@' if is_csharp && cursor.is(next, b'$') && cursor.is(cursor.skip(next, 1), b'"') => {
                frames.push(Frame::Interpolated { at, is_verbatim: true, quotes: 0, dollars: 1 });
                cursor.skip(next, 2)
            }
            b'$' if is_csharp => {
                let (dollars, behind) = cursor.run(at, b'$');
                let (quotes, after) = cursor.run(behind, b'"');
                if cursor.is(behind, b'@') && cursor.is(cursor.skip(behind, 1), b'"') {
                    frames.push(Frame::Interpolated { at, is_verbatim: true, quotes: 0, dollars: 1 });
                    cursor.skip(behind, 2)
                } else if quotes >= 3 {
                    frames.push(Frame::Interpolated { at, is_verbatim: true, quotes, dollars });
                    after
                } else if quotes > 0 {
                    frames.push(Frame::Interpolated { at, is_verbatim: false, quotes: 0, dollars: 1 });
                    cursor.skip(behind, 1)
                } else {
                    behind
                }
            }
            _ => next,
        };
    }
    Err(match frames.last() {
        Some(Frame::Interpolated { at, is_verbatim: false, .. }) => Unclosed { what: Unterminated::String, at: *at },
        Some(Frame::Interpolated { at, .. } | Frame::BackTick { at }) => {
            Unclosed { what: Unterminated::LongString, at: *at }
        }
        _ => Unclosed { what: Unterminated::Island, at: opening.bracket },
    })
}

/// Bytes, with entity references read as one byte if the view asks for it.
struct Cursor<'a> {
    bytes: &'a [u8],
    view: View,
}

impl Cursor<'_> {
    /// The byte at `at` and the offset behind it.
    fn read(&self, at: usize) -> Option<(u8, usize)> {
        let byte = *self.bytes.get(at)?;
        if byte == b'&' && self.view == View::Decoded {
            const NAMED: [(&[u8], u8); 9] = [
                (b"&quot;", b'"'),
                (b"&apos;", b'\''),
                (b"&lt;", b'<'),
                (b"&gt;", b'>'),
                (b"&amp;", b'&'),
                (b"&#34;", b'"'),
                (b"&#39;", b'\''),
                (b"&#xA;", b'\n'),
                (b"&#10;", b'\n'),
            ];
            let rest = self.bytes.get(at..).unwrap_or_default();
            for (name, value) in NAMED {
                if rest.starts_with(name) {
                    return Some((value, at + name.len()));
                }
            }
        }
        Some((byte, at + 1))
    }

    fn is(&self, at: usize, wanted: u8) -> bool {
        self.read(at).is_some_and(|(byte, _)| byte == wanted)
    }

    /// The offset `count` characters on.
    fn skip(&self, mut at: usize, count: usize) -> usize {
        for _ in 0..count {
            at = self.read(at).map_or(at, |(_, next)| next);
        }
        at
    }

    /// How many of `wanted` stand at `at`, and the offset behind them.
    fn run(&self, mut at: usize, wanted: u8) -> (usize, usize) {
        let mut count = 0;
        while let Some((byte, next)) = self.read(at) {
            if byte != wanted {
                break;
            }
            (count, at) = (count + 1, next);
        }
        (count, at)
    }

    fn line_end(&self, mut at: usize) -> usize {
        while let Some((byte, next)) = self.read(at) {
            if byte == b'\n' {
                break;
            }
            at = next;
        }
        at
    }

    fn block_comment(&self, mut at: usize, start: usize, nests: bool) -> Result<usize, Unclosed> {
        let mut depth = 1_usize;
        at = self.skip(at, 1);
        while let Some((byte, next)) = self.read(at) {
            at = next;
            if byte == b'*' && self.is(next, b'/') {
                at = self.skip(next, 1);
                depth -= 1;
                if depth == 0 {
                    return Ok(at);
                }
            } else if nests && byte == b'/' && self.is(next, b'*') {
                at = self.skip(next, 1);
                depth += 1;
            }
        }
        Err(Unclosed { what: Unterminated::Comment, at: start })
    }

    /// Behind a quoted run with backslash escapes; `LongString` may span lines.
    fn quoted(&self, start: usize, mut at: usize, quote: u8, what: Unterminated) -> Result<usize, Unclosed> {
        while let Some((byte, next)) = self.read(at) {
            match byte {
                b'\\' => at = self.skip(next, 1),
                b'\n' if what != Unterminated::LongString => break,
                _ if byte == quote => return Ok(next),
                _ => at = next,
            }
        }
        Err(Unclosed { what, at: start })
    }

    fn verbatim(&self, start: usize, mut at: usize) -> Result<usize, Unclosed> {
        while let Some((byte, next)) = self.read(at) {
            at = next;
            if byte == b'"' {
                if !self.is(next, b'"') {
                    return Ok(next);
                }
                at = self.skip(next, 1);
            }
        }
        Err(Unclosed { what: Unterminated::LongString, at: start })
    }

    fn raw_string(&self, start: usize, mut at: usize, quotes: usize) -> Result<usize, Unclosed> {
        while let Some((_, next)) = self.read(at) {
            let (run, behind) = self.run(at, b'"');
            if run >= quotes {
                return Ok(behind);
            }
            at = if run > 0 { behind } else { next };
        }
        Err(Unclosed { what: Unterminated::LongString, at: start })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(value: &str) -> Option<&str> {
        whole(value).map(|island| island.code)
    }

    #[test]
    fn brackets_in_strings_characters_and_comments_do_not_count() {
        for inner in [
            r#"a(")") + b"#,
            r#"@"\" + ")" + @"a"")""#,
            r#"')' + '\'' + '"'"#,
            "a /* ) */ + b // )\n + c",
            r#"$"a{f(")")}){{ {x:dd')'}" + ")""#,
            r#"$@"a{f(@")""")}"" )" + 1"#,
            r#"@$"({x})(""#,
            r#"$"{(a ? "x)" : $"{b})")}""#,
            r####"""")""" + $$"""{ ) {{f(")")}} """"####,
            "\"\" + f()",
        ] {
            assert_eq!(code(&format!(" @({inner}) ")), Some(inner));
        }
    }

    #[test]
    fn a_block_ends_at_its_own_brace() {
        assert_eq!(code("@{ if (a) { return \"}\"; } return '}'; }"), Some(" if (a) { return \"}\"; } return '}'; "));
    }

    #[test]
    fn text_around_makes_it_no_expression() {
        assert_eq!(code("a @(b)"), None);
        assert_eq!(code("@(b) c"), None);
        assert_eq!(code("@b"), None);
        assert_eq!(code("@(b"), None);
        assert_eq!(code(""), None);
    }

    #[test]
    fn rhai_has_its_own_strings() {
        let island = whole("@rhai( `)${f(\")\")}` + \")\" + '(' /* /* ) */ */ )").unwrap();
        assert_eq!((island.language, island.form), (Language::Rhai, Form::Expression));
        assert_eq!(whole("@rhai{ #{a: 1} }").unwrap().form, Form::Block);
    }

    #[test]
    fn entities_count_as_their_characters_when_the_view_says_so() {
        let text = "@(f(&quot;)&quot;))";
        let at = opening(text, 0).unwrap();
        assert_eq!(close(text, at, View::Decoded), Ok(text.len()));
        assert!(close(text, at, View::Raw).unwrap() < text.len());
    }

    #[test]
    fn an_island_without_end_says_what_is_open() {
        let what = |text: &str| close(text, opening(text, 0).unwrap(), View::Raw).unwrap_err().what;
        assert_eq!(what("@(\"a\n)"), Unterminated::String);
        assert_eq!(what("@(@\"a\n)"), Unterminated::LongString);
        assert_eq!(what("@('a\n)"), Unterminated::Character);
        assert_eq!(what("@(/* )"), Unterminated::Comment);
        assert_eq!(what("@(("), Unterminated::Island);
    }
}
