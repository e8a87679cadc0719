//! Bindings of `apimite_dotnet`'s sys area: regular expressions, Uri, encodings, cryptography, certificates.

mod encoding;
mod hash;
mod io;
mod network;
mod regex;
mod rsa;
mod symmetric;
mod token;
mod uri;
mod x509;

use std::hash::{Hash, Hasher};

use apimite_dotnet::{Exception, ExceptionKind, Thrown, messages};

use super::TypeDef;
use super::core::collections::{ArrayObject, array_value};
use super::rows::Args;
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Each, Enumerator, Str, Value};

pub(crate) use self::regex::REGEX;
pub use self::token::{basic_value, claim_of, jwt_of, jwt_value};
pub use self::uri::{UriObject, uri_value};
pub use self::x509::{CertificateTrust, certificate_of, certificate_value};

/// Groups of this area.
pub(crate) static TYPES: &[&[&TypeDef]] = &[
    encoding::TYPES,
    hash::TYPES,
    io::TYPES,
    network::TYPES,
    regex::TYPES,
    rsa::TYPES,
    symmetric::TYPES,
    token::TYPES,
    uri::TYPES,
    x509::TYPES,
];

/// A `string[]`.
fn texts_value(texts: Vec<String>) -> Value {
    array_value(Type::string(), texts.into_iter().map(Value::from).collect())
}

/// The bytes of a `byte[]` argument that must not be `null`.
fn bytes(a: &Args<'_>, index: usize, name: &str) -> Result<Vec<u8>, Thrown> {
    a.need(index, name)?;
    Ok(a.obj::<ArrayObject>(index)?.bytes())
}

/// The bytes of a `byte[]` argument, `None` for `null`.
fn some_bytes(a: &Args<'_>, index: usize) -> Result<Option<Vec<u8>>, Thrown> {
    if a.get(index).is_null() { Ok(None) } else { Ok(Some(a.obj::<ArrayObject>(index)?.bytes())) }
}

/// A part of an array, refused in the words of `Encoding` and streams.
fn byte_range<'b>(
    bytes: &'b [u8],
    offset: i32,
    count: i32,
    offset_name: &str,
    count_name: &str,
) -> Result<&'b [u8], Thrown> {
    let Ok(start) = usize::try_from(offset) else {
        return Err(messages::out_of_range("Non-negative number required.", offset_name));
    };
    let Ok(length) = usize::try_from(count) else {
        return Err(messages::out_of_range("Non-negative number required.", count_name));
    };
    start
        .checked_add(length)
        .and_then(|end| bytes.get(start..end))
        .ok_or_else(|| messages::out_of_range("Index and count must refer to a location within the buffer.", "bytes"))
}

/// `ArgumentOutOfRangeException` of an index.
fn index_out_of_range(name: &str) -> Thrown {
    Exception::new(ExceptionKind::ArgumentOutOfRange, format!("{} (Parameter '{name}')", messages::INDEX_OUT_OF_RANGE))
}

/// A hash of a Rust value, the same in every run.
fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// An enumeration of values.
fn walk(items: Vec<Value>) -> Each {
    struct Walk(std::vec::IntoIter<Value>);

    impl Enumerator for Walk {
        fn next(&mut self, _cx: &mut Cx<'_>) -> Result<Option<Value>, Thrown> {
            Ok(self.0.next())
        }
    }

    Box::new(Walk(items.into_iter()))
}

/// Text or `null`.
fn text_or_null(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| Value::Str(Str::new(text)))
}

/// Fills bytes from the embedder's randomness.
fn random(cx: &Cx<'_>, bytes: &mut [u8]) {
    for chunk in bytes.chunks_mut(8) {
        let word = cx.embedder().random().to_le_bytes();
        chunk.copy_from_slice(&word[..chunk.len()]);
    }
}

/// A `DateTime` from seconds since 1970 UTC; kind 1 is UTC, 2 local.
fn date_time(seconds: i64, kind: u64) -> Value {
    const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;
    let ticks = seconds.saturating_mul(10_000_000).saturating_add(UNIX_EPOCH_TICKS);
    Value::DateTime(ticks.clamp(0, 3_155_378_975_999_999_999).unsigned_abs() | kind << 62)
}
