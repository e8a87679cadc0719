//! Typed reading for `JsonConvert.DeserializeObject<T>` and `ToObject<T>`: one value at a time, with the reader's exceptions.

use std::sync::Arc;

use smol_str::SmolStr;

use super::convert::Primitive;
use super::dates::{parse_date, parse_offset};
use super::parse::{Parsed, line_and_column};
use super::scalar::{JTokenType, Scalar};
use super::token::JToken;
use crate::numeric::parse;
use crate::{Exception, ExceptionKind, IntegerKind, NumberStyles, Thrown};

/// A token with the text it was read from, if there is one.
#[derive(Clone)]
pub struct Marked {
    /// The token.
    pub token: JToken,
    source: Option<Arc<Parsed>>,
}

/// Where a typed value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// From JSON text.
    Text,
    /// From a tree.
    Tree,
}

impl Marked {
    /// The root of a text; `None` where the text holds nothing.
    pub fn of_text(parsed: Parsed) -> Option<Self> {
        let token = parsed.token.clone()?;
        Some(Self { token, source: Some(Arc::new(parsed)) })
    }

    /// A token of a tree.
    pub fn of_tree(token: JToken) -> Self {
        Self { token, source: None }
    }

    /// Where it comes from.
    pub fn reading(&self) -> Reading {
        if self.source.is_some() { Reading::Text } else { Reading::Tree }
    }

    fn with(&self, token: JToken) -> Self {
        Self { token, source: self.source.clone() }
    }

    /// The elements of an array.
    pub fn elements(&self) -> Vec<Self> {
        self.token.children().into_iter().map(|token| self.with(token)).collect()
    }

    /// The members of an object.
    pub fn entries(&self) -> Vec<(SmolStr, Self)> {
        self.token.entries().into_iter().map(|(name, token)| (name, self.with(token))).collect()
    }

    /// The token on its own, as `object` or `JToken` takes it: a copy, with dates found.
    pub fn detached(&self) -> JToken {
        let copy = self.token.deep_clone();
        if self.source.is_some() {
            copy.detect_dates();
        }
        copy
    }

    /// The text of the value as written.
    fn written(&self) -> Option<&str> {
        let source = self.source.as_ref()?;
        let (from, to) = source.marks.get(self.token.id as usize).copied()?;
        source.text.get(from as usize..to as usize)
    }

    fn place(&self, kind: ExceptionKind, message: &str) -> Thrown {
        let stop = if message.ends_with('.') { "" } else { "." };
        let mut text = format!("{message}{stop} Path '{}'", self.token.path());
        if let Some(source) = &self.source
            && let Some((_, end)) = source.marks.get(self.token.id as usize)
        {
            let (line, column) = line_and_column(&source.text, *end as usize);
            text.push_str(&format!(", line {line}, position {column}"));
        }
        text.push('.');
        Exception::new(kind, text)
    }

    /// `JsonSerializationException` at this value.
    pub fn refuse(&self, message: &str) -> Thrown {
        self.place(ExceptionKind::JsonSerialization, message)
    }

    /// `JsonReaderException` at this value.
    fn unreadable(&self, message: &str) -> Thrown {
        self.place(ExceptionKind::JsonReader, message)
    }

    fn unconvertible(&self, value: &Scalar, type_name: &str) -> Thrown {
        let shown = match value {
            Scalar::Text(text) => format!("\"{text}\""),
            _ if value.is_null() => "{null}".to_owned(),
            _ => value.to_text().to_string(),
        };
        self.refuse(&format!("Error converting value {shown} to type '{type_name}'."))
    }

    /// The exception of a container where one value is wanted, or of one container where the other is wanted.
    pub fn wrong_shape(&self, type_name: &str, needs: &str) -> Thrown {
        let kind = self.token.kind();
        let (what, example) = match kind {
            JTokenType::Object => ("object", " (e.g. {\"name\":\"value\"})"),
            _ => ("array", " (e.g. [1,2,3])"),
        };
        self.refuse(&format!(
            "Cannot deserialize the current JSON {what}{example} into type '{type_name}' because the type requires a {needs} to \
             deserialize correctly"
        ))
    }

    fn unexpected(&self, what: &str) -> Thrown {
        let token = match self.token.kind() {
            JTokenType::Object => "StartObject",
            JTokenType::Array => "StartArray",
            JTokenType::Constructor => "StartConstructor",
            kind => kind.name(),
        };
        match self.written().and_then(|text| text.chars().next()) {
            Some(c) => self.unreadable(&format!("Unexpected character encountered while parsing value: {c}.")),
            None => self.unreadable(&format!("Error reading {what}. Unexpected token: {token}.")),
        }
    }

    /// The value as that type. Null comes out as [`Scalar::Null`] where it is allowed.
    ///
    /// # Errors
    /// `JsonReaderException` and `JsonSerializationException`.
    pub fn primitive(&self, to: Primitive, nullable: bool) -> Result<Scalar, Thrown> {
        let nullable = nullable || to.is_reference();
        let Some(value) = self.token.scalar() else { return self.container(to) };
        if value.is_null() {
            return if nullable { Ok(Scalar::Null) } else { Err(self.unconvertible(&Scalar::Null, to.full_name())) };
        }
        if let Scalar::Text(text) = &value
            && text.is_empty()
            && to != Primitive::String
        {
            return if nullable { Ok(Scalar::Null) } else { Err(self.unconvertible(&Scalar::Null, to.full_name())) };
        }
        match to {
            Primitive::Integer(IntegerKind::Int32) => self.int(&value),
            Primitive::Double => self.float(&value),
            Primitive::Decimal => self.decimal(&value),
            Primitive::Boolean => match &value {
                Scalar::Text(text) => parse::try_parse_bool(text)
                    .map(Scalar::Bool)
                    .ok_or_else(|| self.unreadable(&format!("Could not convert string to boolean: {text}."))),
                Scalar::Date(_) | Scalar::DateOffset(..) => Err(self.unexpected("boolean")),
                _ => value.to_bool().map(Scalar::Bool).map_err(|_| self.unexpected("boolean")),
            },
            Primitive::String => Ok(Scalar::text(match &value {
                Scalar::Text(text) => text.clone(),
                Scalar::Bool(flag) => SmolStr::new_static(if *flag { "true" } else { "false" }),
                _ => self.written().map_or_else(|| value.to_text(), SmolStr::new),
            })),
            Primitive::DateTime => match &value {
                Scalar::Text(text) => match parse_date(text) {
                    Some(raw) => Ok(Scalar::Date(raw)),
                    None => value
                        .to_date()
                        .map(Scalar::Date)
                        .map_err(|_| self.unreadable(&format!("Could not convert string to DateTime: {text}."))),
                },
                Scalar::Date(_) | Scalar::DateOffset(..) => value.to_date().map(Scalar::Date),
                _ => Err(self.unexpected("date")),
            },
            Primitive::DateTimeOffset => match &value {
                Scalar::Text(text) => match parse_offset(text) {
                    Some((ticks, offset)) => Ok(Scalar::DateOffset(ticks, offset)),
                    None => self
                        .token
                        .cast(to, false)
                        .map_err(|_| self.unreadable(&format!("Could not convert string to DateTimeOffset: {text}."))),
                },
                Scalar::Date(_) | Scalar::DateOffset(..) => self.token.cast(to, false),
                _ => Err(self.unexpected("date")),
            },
            Primitive::Bytes => match &value {
                Scalar::Text(_) | Scalar::Bytes(_) => {
                    self.token.cast(to, false).map_err(|_| self.unconvertible(&value, to.full_name()))
                }
                _ => Err(self.unexpected("bytes")),
            },
            _ => self.token.cast(to, nullable).map_err(|_| self.unconvertible(&value, to.full_name())),
        }
    }

    fn container(&self, to: Primitive) -> Result<Scalar, Thrown> {
        match to {
            Primitive::Integer(IntegerKind::Int32) => Err(self.unexpected("integer")),
            Primitive::Double => Err(self.unexpected("double")),
            Primitive::Decimal => Err(self.unexpected("decimal")),
            Primitive::Boolean => Err(self.unexpected("boolean")),
            Primitive::String => Err(self.unexpected("string")),
            Primitive::DateTime | Primitive::DateTimeOffset => Err(self.unexpected("date")),
            Primitive::Bytes => Err(self.unexpected("bytes")),
            _ => Err(self.wrong_shape(to.full_name(), "JSON primitive value (e.g. string, number, boolean, null)")),
        }
    }

    fn int(&self, value: &Scalar) -> Result<Scalar, Thrown> {
        let int = |n: i128| Scalar::integer(n, IntegerKind::Int32);
        match value {
            Scalar::Text(text) => parse::parse_integer(text, IntegerKind::Int32, NumberStyles::INTEGER)
                .map(int)
                .map_err(|_| self.unreadable(&format!("Could not convert string to integer: {text}."))),
            Scalar::Bool(_) | Scalar::Date(_) => Err(self.unexpected("integer")),
            Scalar::Double(_) if self.source.is_some() => {
                let text = self.written().unwrap_or("");
                Err(self.unreadable(&format!("Input string '{text}' is not a valid integer.")))
            }
            _ => value.to_integer(IntegerKind::Int32).map(int).map_err(|_| {
                let text = value.to_text();
                if self.source.is_some() {
                    self.unreadable(&format!("JSON integer {text} is too large or small for an Int32."))
                } else {
                    self.unreadable(&format!("Could not convert to integer: {text}."))
                }
            }),
        }
    }

    fn float(&self, value: &Scalar) -> Result<Scalar, Thrown> {
        match value {
            Scalar::Text(text) => value
                .to_double()
                .map(Scalar::Double)
                .map_err(|_| self.unreadable(&format!("Could not convert string to double: {text}."))),
            Scalar::Bool(_) | Scalar::Date(_) => Err(self.unexpected("double")),
            _ => value.to_double().map(Scalar::Double),
        }
    }

    fn decimal(&self, value: &Scalar) -> Result<Scalar, Thrown> {
        match value {
            Scalar::Text(text) => value
                .to_decimal()
                .map(Scalar::Decimal)
                .map_err(|_| self.unreadable(&format!("Could not convert string to decimal: {text}."))),
            Scalar::Bool(_) | Scalar::Date(_) => Err(self.unexpected("decimal")),
            _ => {
                // The digits as written keep their scale.
                let exact = self
                    .written()
                    .and_then(|text| parse::parse_decimal(text, NumberStyles(NumberStyles::FLOAT.0)).ok())
                    .filter(|_| matches!(value, Scalar::Double(_)));
                match exact {
                    Some(value) => Ok(Scalar::Decimal(value)),
                    None => value
                        .to_decimal()
                        .map(Scalar::Decimal)
                        .map_err(|_| self.unreadable(&format!("Could not convert to decimal: {}.", value.to_text()))),
                }
            }
        }
    }
}
