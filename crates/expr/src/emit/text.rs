//! Expressions as text: borrowed from the host as far as possible.

use std::sync::Arc;

use apimite_dotnet::Thrown;

use super::call::needs_receiver;
use super::value::at;
use super::{Emitter, TextFn, ValueFn, text_fn};
use crate::bind::bound::{B, How, K, Part};
use crate::library::{Args, Imp, ParamMode};
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
                let plain = args.iter().all(|a| matches!(a.mode, ParamMode::Value | ParamMode::Params));
                if let (Imp::Text(call), true) = (member.row.imp, plain) {
                    let check = needs_receiver(member, args);
                    let (types, args) = (Arc::clone(types), self.args(args));
                    return text_fn(move |cx| {
                        let mut values = args.eval(cx)?;
                        if check && values.first().is_some_and(Value::is_null) {
                            return at(cx, span, Err(null_reference()));
                        }
                        let result = call(cx, Args { values: &mut values, types: &types });
                        at(cx, span, result)
                    });
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

    fn concat(&mut self, parts: &[B<'a>]) -> TextFn {
        let pieces: Vec<Piece> = parts.iter().map(|p| self.piece(p)).collect();
        text_fn(move |cx| {
            let mut out = String::new();
            for piece in &pieces {
                append(cx, piece, &mut out)?;
            }
            cx.charge(out.len())?;
            Ok(Text::Own(Str::from(out)))
        })
    }

    fn interpolated(&mut self, parts: &[Part<'a>]) -> TextFn {
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
