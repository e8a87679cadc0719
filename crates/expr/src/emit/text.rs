//! Expressions as text: borrowed from the host as far as possible.

use std::sync::Arc;

use apimite_diag::Span;
use apimite_dotnet::Thrown;
use smallvec::SmallVec;

use super::call::{Values, is_plain, needs_receiver};
use super::value::at;
use super::{Emitter, TextFn, ValueFn, text_fn};
use crate::bind::bound::{Arg, B, How, K, Part};
use crate::library::TextFn as Called;
use crate::library::{Args, Imp, Passed};
use crate::run::{Cx, Text, null_reference};
use crate::types::Type;
use crate::value::{Str, Value};

enum Piece {
    Fixed(Str),
    Text(TextFn),
    Value(ValueFn),
}

fn own(value: Value) -> Text<'static> {
    match value {
        Value::Str(s) => Text::Own(s),
        _ => Text::Null,
    }
}

impl<'a> Emitter<'_, 'a> {
    /// A `string` expression.
    pub(crate) fn text(&mut self, e: &B<'a>) -> TextFn {
        let span = e.span;
        if self.is_too_deep() {
            return text_fn(|_| Ok(Text::Null));
        }
        if let Some(constant) = &e.constant {
            let constant = match constant {
                Value::Str(s) => Some(s.clone()),
                _ => None,
            };
            return text_fn(move |_| Ok(constant.clone().map_or(Text::Null, Text::Own)));
        }
        match &e.kind {
            K::Call { member, types, args, lifted: false } => {
                let (member, types) = self.resolve(member, types, args);
                if let (Imp::Text(call), true) = (member.row.imp, is_plain(args)) {
                    let f = self.text_call(call, &types, args, needs_receiver(&member, args), span);
                    if self.finalizers {
                        return text_fn(move |cx| {
                            let result = f(cx);
                            cx.settle(result)
                        });
                    }
                    return f;
                }
            }
            K::Element { array, indexes } => {
                if let Some(f) = self.element_text(array, indexes, span) {
                    return f;
                }
            }
            K::Concat(parts) => return self.concat(parts),
            K::Interpolated(parts) => return self.interpolated(parts),
            K::Conditional { condition, then, otherwise } => {
                let (c, a, b) = (self.bool(condition), self.text(then), self.text(otherwise));
                return text_fn(move |cx| if c(cx)? { a(cx) } else { b(cx) });
            }
            K::Coalesce { left, convert: None, right } => {
                let (a, b) = (self.text(left), self.text(right));
                return text_fn(move |cx| match a(cx)? {
                    Text::Null => b(cx),
                    text => Ok(text),
                });
            }
            K::Convert(inner, How::Same) if inner.ty == Type::string() => return self.text(inner),
            _ => {}
        }
        let f = self.value(e);
        text_fn(move |cx| Ok(own(f(cx)?)))
    }

    fn piece(&mut self, e: &B<'a>) -> Piece {
        match &e.constant {
            Some(Value::Null) => Piece::Fixed(Str::EMPTY),
            Some(Value::Str(s)) => Piece::Fixed(s.clone()),
            _ if e.ty == Type::string() => Piece::Text(self.text(e)),
            _ => match &e.kind {
                K::Convert(inner, How::Same) if inner.ty == Type::string() => Piece::Text(self.text(inner)),
                _ => Piece::Value(self.value(e)),
            },
        }
    }

    /// A call that gives text.
    fn text_call(&mut self, call: Called, types: &Arc<[Type]>, args: &[Arg<'a>], check: bool, span: Span) -> TextFn {
        let (mut computed, fixed) = self.split(args);
        let types = Arc::clone(types);
        let Some(first) = computed.pop() else {
            return text_fn(move |cx| {
                let mut result = call(cx, Args::new(&mut Passed { values: &mut [], fixed: &fixed, types: &types }));
                cx.count_text(&mut result);
                at(cx, span, result)
            });
        };
        if computed.is_empty() {
            return text_fn(move |cx| {
                let mut values = [first(cx)?];
                if check && values[0].is_null() {
                    return at(cx, span, Err(null_reference()));
                }
                let mut result = call(cx, Args::new(&mut Passed { values: &mut values, fixed: &fixed, types: &types }));
                cx.count_text(&mut result);
                at(cx, span, result)
            });
        }
        computed.push(first);
        text_fn(move |cx| {
            let mut values = Values::new();
            for f in &computed {
                values.push(f(cx)?);
            }
            if check && values.first().is_some_and(Value::is_null) {
                return at(cx, span, Err(null_reference()));
            }
            let mut result = call(cx, Args::new(&mut Passed { values: &mut values, fixed: &fixed, types: &types }));
            cx.count_text(&mut result);
            at(cx, span, result)
        })
    }

    fn concat(&mut self, parts: &[B<'a>]) -> TextFn {
        let pieces: Vec<Piece> = parts.iter().map(|p| self.piece(p)).collect();
        text_fn(move |cx| joined(cx, &pieces))
    }

    fn interpolated(&mut self, parts: &[Part<'a>]) -> TextFn {
        if !parts.iter().any(|part| matches!(part, Part::Hole { width, format, .. } if *width != 0 || format.is_some()))
        {
            let pieces: Vec<Piece> = parts
                .iter()
                .map(|part| match part {
                    Part::Text(text) => Piece::Fixed(text.clone()),
                    Part::Hole { value, .. } => self.piece(value),
                })
                .collect();
            return text_fn(move |cx| joined(cx, &pieces));
        }
        let pieces: Vec<(Piece, i32, Option<Str>)> = parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => (Piece::Fixed(text.clone()), 0, None),
                Part::Hole { value, width, format } => {
                    if format.is_some() {
                        (Piece::Value(self.value(value)), *width, format.clone())
                    } else {
                        (self.piece(value), *width, None)
                    }
                }
            })
            .collect();
        text_fn(move |cx| {
            let mut out = String::new();
            for (piece, width, format) in &pieces {
                if *width == 0 && format.is_none() {
                    append(cx, piece, &mut out)?;
                    continue;
                }
                let mut one = String::new();
                match (piece, format) {
                    (Piece::Value(f), Some(format)) => {
                        let value = f(cx)?;
                        match cx.format(&value, format)? {
                            Some(text) => one.push_str(&text),
                            None => one.push_str(&cx.to_text(&value)?),
                        }
                    }
                    _ => append(cx, piece, &mut one)?,
                }
                let length = one.chars().map(char::len_utf16).sum::<usize>();
                let wanted = width.unsigned_abs() as usize;
                let pad = wanted.saturating_sub(length);
                cx.charge(pad)?;
                if *width > 0 {
                    out.extend(std::iter::repeat_n(' ', pad));
                }
                out.push_str(&one);
                if *width < 0 {
                    out.extend(std::iter::repeat_n(' ', pad));
                }
            }
            cx.charge(out.len())?;
            Ok(Text::Own(Str::from(out)))
        })
    }
}

/// The texts of all pieces, evaluated in order, then put together in one go.
fn joined<'h>(cx: &mut Cx<'h>, pieces: &[Piece]) -> Result<Text<'h>, Thrown> {
    let mut texts: SmallVec<[Text<'h>; 4]> = SmallVec::new();
    let mut length = 0;
    for piece in pieces {
        let text = match piece {
            Piece::Fixed(text) => {
                length += text.len();
                continue;
            }
            Piece::Text(f) => f(cx)?,
            Piece::Value(f) => {
                let value = f(cx)?;
                Text::Own(cx.to_text(&value)?)
            }
        };
        length += text.as_str().map_or(0, str::len);
        texts.push(text);
    }
    cx.charge(length)?;
    let mut computed = texts.iter();
    let parts: SmallVec<[&str; 8]> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Fixed(text) => text.as_str(),
            Piece::Text(_) | Piece::Value(_) => computed.next().and_then(Text::as_str).unwrap_or(""),
        })
        .collect();
    Ok(Text::Own(Str::concat(&parts)))
}

fn append(cx: &mut Cx<'_>, piece: &Piece, out: &mut String) -> Result<(), Thrown> {
    match piece {
        Piece::Fixed(text) => out.push_str(text),
        Piece::Text(f) => {
            if let Some(text) = f(cx)?.as_str() {
                out.push_str(text);
            }
        }
        Piece::Value(f) => {
            let value = f(cx)?;
            out.push_str(&cx.to_text(&value)?);
        }
    }
    Ok(())
}
