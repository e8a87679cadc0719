//! Hashes, HMACs, `HashAlgorithmName`, `Oid` and random numbers.

use std::any::Any;

use apimite_dotnet::crypto::{HashKind, Hasher, Hmac, friendly_name};
use apimite_dotnet::{Exception, ExceptionKind, Thrown, messages};
use parking_lot::Mutex;

use super::{bytes, io, random, text_or_null};
use crate::library::core::collections::{ArrayObject, bytes_value};
use crate::library::rows::{Args, Row, ctor, m, op, p, set};
use crate::library::typedef::{TypeDef, class, structure};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Object, Str, Value};

/// A `HashAlgorithm`, keyed or not.
struct HashObject {
    def: &'static TypeDef,
    kind: HashKind,
    state: Mutex<State>,
}

struct State {
    hmac: Option<Hmac>,
    running: Option<Hasher>,
    hash: Option<Vec<u8>>,
    disposed: bool,
}

impl Object for HashObject {
    fn type_of(&self) -> Type {
        Type::of(self.def)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn dispose(&self) {
        self.state.lock().disposed = true;
    }
}

fn hash_value(def: &'static TypeDef, kind: HashKind, hmac: Option<Hmac>) -> Value {
    Value::object(HashObject {
        def,
        kind,
        state: Mutex::new(State { hmac, running: None, hash: None, disposed: false }),
    })
}

impl State {
    fn begin(&self, kind: HashKind) -> Hasher {
        self.hmac.as_ref().map_or_else(|| Hasher::new(kind), Hmac::begin)
    }

    fn finish(&mut self, hasher: Hasher) -> Vec<u8> {
        let hash = match &self.hmac {
            Some(hmac) => hmac.finish(hasher),
            None => hasher.finish(),
        };
        self.hash = Some(hash.clone());
        self.running = None;
        hash
    }

    fn check(&self) -> Result<(), Thrown> {
        if self.disposed {
            return Err(Exception::new(ExceptionKind::ObjectDisposed, "Cannot access a disposed object."));
        }
        Ok(())
    }
}

fn compute(a: &Args<'_>, data: &[u8]) -> Result<Value, Thrown> {
    let object = a.obj::<HashObject>(0)?;
    let mut state = object.state.lock();
    state.check()?;
    let mut hasher = state.begin(object.kind);
    hasher.update(data);
    Ok(bytes_value(&state.finish(hasher)))
}

/// A part of an array, refused in the words of `HashAlgorithm`.
fn part<'b>(bytes: &'b [u8], offset: i32, count: i32, offset_name: &str) -> Result<&'b [u8], Thrown> {
    let Ok(start) = usize::try_from(offset) else {
        return Err(messages::out_of_range(messages::NEGATIVE, offset_name));
    };
    let Some(length) = usize::try_from(count).ok().filter(|length| *length <= bytes.len()) else {
        return Err(Exception::new(ExceptionKind::Argument, "Value was invalid."));
    };
    bytes.get(start..start + length).ok_or_else(|| {
        Exception::new(
            ExceptionKind::Argument,
            "Offset and length were out of bounds for the array or count is greater than the number of elements from \
             index to the end of the source collection.",
        )
    })
}

static HASH_ROWS: &[Row] = &[
    m("static HashAlgorithm Create()", |_, _| Ok(plain(HashKind::Sha1))),
    m("static HashAlgorithm Create(string hashName)", |cx, a| {
        let name = a.need_str(0, "hashName")?;
        if let Some(kind) = HashKind::from_config_name(name) {
            return Ok(plain(kind));
        }
        Ok(HashKind::from_hmac_name(name).map_or(Value::Null, |kind| keyed(cx, kind)))
    }),
    m("byte[] ComputeHash(byte[] buffer)", |_, a| compute(&a, &bytes(&a, 1, "buffer")?)),
    m("byte[] ComputeHash(byte[] buffer, int offset, int count)", |_, a| {
        let all = bytes(&a, 1, "buffer")?;
        compute(&a, part(&all, a.int(2), a.int(3), "offset")?)
    }),
    m("byte[] ComputeHash(System.IO.Stream inputStream)", |_, a| {
        let rest = io::rest_of_stream(a.get(1))?;
        compute(&a, &rest)
    }),
    m("int TransformBlock(byte[] inputBuffer, int inputOffset, int inputCount, byte[] outputBuffer, int outputOffset)", |_, a| {
        let all = bytes(&a, 1, "inputBuffer")?;
        let input = part(&all, a.int(2), a.int(3), "inputOffset")?;
        let object = a.obj::<HashObject>(0)?;
        let mut state = object.state.lock();
        state.check()?;
        let mut hasher = state.running.take().unwrap_or_else(|| state.begin(object.kind));
        hasher.update(input);
        state.running = Some(hasher);
        if let Some(output) = a.get(4).downcast::<ArrayObject>() {
            let start = usize::try_from(a.int(5)).unwrap_or(usize::MAX);
            let mut items = output.items_mut();
            for (place, byte) in items.iter_mut().skip(start).zip(input) {
                *place = Value::Byte(*byte);
            }
        }
        Ok(Value::Int(a.int(3)))
    })
    .impure(),
    m("byte[] TransformFinalBlock(byte[] inputBuffer, int inputOffset, int inputCount)", |_, a| {
        let all = bytes(&a, 1, "inputBuffer")?;
        let input = part(&all, a.int(2), a.int(3), "inputOffset")?;
        let object = a.obj::<HashObject>(0)?;
        let mut state = object.state.lock();
        state.check()?;
        let mut hasher = state.running.take().unwrap_or_else(|| state.begin(object.kind));
        hasher.update(input);
        state.finish(hasher);
        Ok(bytes_value(input))
    })
    .impure(),
    m("void Initialize()", |_, a| {
        a.obj::<HashObject>(0)?.state.lock().running = None;
        Ok(Value::Null)
    })
    .impure(),
    m("void Clear()", |_, a| {
        a.obj::<HashObject>(0)?.dispose();
        Ok(Value::Null)
    })
    .impure(),
    m("void Dispose()", |_, a| {
        a.obj::<HashObject>(0)?.dispose();
        Ok(Value::Null)
    })
    .impure(),
    p("byte[] Hash", |_, a| {
        let object = a.obj::<HashObject>(0)?;
        let state = object.state.lock();
        state.check()?;
        if state.running.is_some() {
            return Err(Exception::new(
                ExceptionKind::Cryptographic,
                "Hash must be finalized before the hash value is retrieved.",
            ));
        }
        Ok(state.hash.as_deref().map_or(Value::Null, bytes_value))
    }),
    p("int HashSize", |_, a| Ok(Value::Int(a.obj::<HashObject>(0)?.kind.length() as i32 * 8))),
    p("int InputBlockSize", |_, a| {
        a.obj::<HashObject>(0)?;
        Ok(Value::Int(1))
    }),
    p("int OutputBlockSize", |_, a| {
        a.obj::<HashObject>(0)?;
        Ok(Value::Int(1))
    }),
    p("bool CanReuseTransform", |_, a| {
        a.obj::<HashObject>(0)?;
        Ok(Value::Bool(true))
    }),
    p("bool CanTransformMultipleBlocks", |_, a| {
        a.obj::<HashObject>(0)?;
        Ok(Value::Bool(true))
    }),
];

static HASH_ALGORITHM: TypeDef = class("System.Security.Cryptography.HashAlgorithm")
    .abstract_()
    .implements("System.IDisposable")
    .rows(&[HASH_ROWS])
    .def();

fn hmac_of(a: &Args<'_>) -> Result<Hmac, Thrown> {
    let object = a.obj::<HashObject>(0)?;
    let state = object.state.lock();
    Ok(state.hmac.clone().unwrap_or_else(|| Hmac::new(object.kind, &[])))
}

static KEYED_ROWS: &[Row] = &[
    m("static KeyedHashAlgorithm Create()", |cx, _| Ok(keyed(cx, HashKind::Sha1))),
    m("static KeyedHashAlgorithm Create(string algName)", |cx, a| {
        Ok(HashKind::from_hmac_name(a.need_str(0, "algName")?).map_or(Value::Null, |kind| keyed(cx, kind)))
    }),
    p("byte[] Key", |_, a| Ok(bytes_value(hmac_of(&a)?.key()))),
    set("byte[] Key", |_, a| {
        let key = bytes(&a, 1, "value")?;
        let object = a.obj::<HashObject>(0)?;
        let mut state = object.state.lock();
        if state.running.is_some() {
            return Err(Exception::new(
                ExceptionKind::Cryptographic,
                "Hash key cannot be changed after the first write to the stream.",
            ));
        }
        state.hmac = Some(Hmac::new(object.kind, &key));
        Ok(Value::Null)
    }),
];

static KEYED_HASH_ALGORITHM: TypeDef = class("System.Security.Cryptography.KeyedHashAlgorithm")
    .extends("System.Security.Cryptography.HashAlgorithm")
    .abstract_()
    .rows(&[KEYED_ROWS])
    .def();

static HMAC: TypeDef = class("System.Security.Cryptography.HMAC")
    .extends("System.Security.Cryptography.KeyedHashAlgorithm")
    .abstract_()
    .rows(&[&[
        m("static HMAC Create()", |cx, _| Ok(keyed(cx, HashKind::Sha1))),
        m("static HMAC Create(string algorithmName)", |cx, a| {
            Ok(HashKind::from_hmac_name(a.need_str(0, "algorithmName")?).map_or(Value::Null, |kind| keyed(cx, kind)))
        }),
        p("string HashName", |_, a| Ok(Value::from(hmac_of(&a)?.kind().name()))),
    ]])
    .def();

macro_rules! hashes {
    ($($name:ident = $kind:ident, $full:literal, $managed:ident = $managed_full:literal $([$unlisted:ident])?, $hmac:ident = $hmac_full:literal;)*) => {
        $(
            static $name: TypeDef = class($full)
                .extends("System.Security.Cryptography.HashAlgorithm")
                .abstract_()
                .rows(&[&[
                    m(concat!("static ", $full, " Create()"), |_, _| Ok(plain(HashKind::$kind))),
                    m(concat!("static ", $full, " Create(string hashName)"), |_, a| {
                        let kind = HashKind::from_config_name(a.need_str(0, "hashName")?);
                        Ok(kind.filter(|kind| *kind == HashKind::$kind).map_or(Value::Null, plain))
                    }),
                    m("static byte[] HashData(byte[] source)", |_, a| {
                        Ok(bytes_value(&HashKind::$kind.compute(&bytes(&a, 0, "source")?)))
                    })
                    .core_only(),
                ]])
                .def();
            static $managed: TypeDef = class($managed_full)
                .extends($full)
                $(.$unlisted())?
                .rows(&[&[ctor("()", |_, _| Ok(hash_value(&$managed, HashKind::$kind, None)))]])
                .def();
            static $hmac: TypeDef = class($hmac_full)
                .extends("System.Security.Cryptography.HMAC")
                .rows(&[&[
                    ctor("()", |cx, _| Ok(keyed(cx, HashKind::$kind))).impure(),
                    ctor("(byte[] key)", |_, a| {
                        let key = bytes(&a, 0, "key")?;
                        Ok(hash_value(&$hmac, HashKind::$kind, Some(Hmac::new(HashKind::$kind, &key))))
                    }),
                    m("static byte[] HashData(byte[] key, byte[] source)", |_, a| {
                        let hmac = Hmac::new(HashKind::$kind, &bytes(&a, 0, "key")?);
                        Ok(bytes_value(&hmac.compute(&bytes(&a, 1, "source")?)))
                    })
                    .core_only(),
                ]])
                .def();
        )*

        /// A hash of its kind, as `Create` makes it.
        fn plain(kind: HashKind) -> Value {
            match kind { $(HashKind::$kind => hash_value(&$name, kind, None),)* }
        }

        /// An HMAC with a random key.
        fn keyed(cx: &mut Cx<'_>, kind: HashKind) -> Value {
            let mut key = vec![0; kind.block_length()];
            random(cx, &mut key);
            let hmac = Some(Hmac::new(kind, &key));
            match kind { $(HashKind::$kind => hash_value(&$hmac, kind, hmac),)* }
        }

        pub(crate) static TYPES: &[&TypeDef] = &[
            &HASH_ALGORITHM, &KEYED_HASH_ALGORITHM, &HMAC, &HASH_ALGORITHM_NAME, &OID, &RANDOM, &RNG,
            $(&$name, &$managed, &$hmac,)*
        ];
    };
}

hashes! {
    MD5 = Md5, "System.Security.Cryptography.MD5", MD5_PROVIDER = "System.Security.Cryptography.MD5CryptoServiceProvider" [unlisted], HMAC_MD5 = "System.Security.Cryptography.HMACMD5";
    SHA1 = Sha1, "System.Security.Cryptography.SHA1", SHA1_MANAGED = "System.Security.Cryptography.SHA1Managed", HMAC_SHA1 = "System.Security.Cryptography.HMACSHA1";
    SHA256 = Sha256, "System.Security.Cryptography.SHA256", SHA256_MANAGED = "System.Security.Cryptography.SHA256Managed", HMAC_SHA256 = "System.Security.Cryptography.HMACSHA256";
    SHA384 = Sha384, "System.Security.Cryptography.SHA384", SHA384_MANAGED = "System.Security.Cryptography.SHA384Managed", HMAC_SHA384 = "System.Security.Cryptography.HMACSHA384";
    SHA512 = Sha512, "System.Security.Cryptography.SHA512", SHA512_MANAGED = "System.Security.Cryptography.SHA512Managed", HMAC_SHA512 = "System.Security.Cryptography.HMACSHA512";
}

/// A `HashAlgorithmName`.
struct NameObject(Option<Str>);

impl Object for NameObject {
    fn type_of(&self) -> Type {
        Type::of(&HASH_ALGORITHM_NAME)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_text(&self, _cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        Some(Ok(self.0.clone().unwrap_or(Str::EMPTY)))
    }

    fn equals(&self, other: &Value, _cx: &mut Cx<'_>) -> Option<Result<bool, Thrown>> {
        Some(Ok(other.downcast::<Self>().is_some_and(|other| other.0 == self.0)))
    }

    fn hash(&self, _cx: &mut Cx<'_>) -> Option<Result<u64, Thrown>> {
        Some(Ok(super::hash_of(&self.0)))
    }
}

/// The hash function of a `HashAlgorithmName` argument.
pub(super) fn hash_kind(a: &Args<'_>, index: usize) -> Result<HashKind, Thrown> {
    match a.get(index).downcast::<NameObject>().and_then(|name| name.0.as_ref()) {
        Some(name) if !name.is_empty() => HashKind::from_algorithm_name(name),
        _ => Err(messages::argument("The hash algorithm name cannot be null or empty.", "hashAlgorithm")),
    }
}

fn known(name: &'static str) -> Result<Value, Thrown> {
    Ok(Value::object(NameObject(Some(Str::fixed(name)))))
}

fn same_name(a: &Args<'_>) -> bool {
    let name = |index: usize| a.get(index).downcast::<NameObject>().and_then(|name| name.0.clone());
    name(0) == name(1)
}

static HASH_ALGORITHM_NAME: TypeDef = structure("System.Security.Cryptography.HashAlgorithmName")
    .rows(&[&[
        ctor("(string name)", |_, a| Ok(Value::object(NameObject(a.str(0).cloned())))),
        p("static HashAlgorithmName MD5", |_, _| known("MD5")),
        p("static HashAlgorithmName SHA1", |_, _| known("SHA1")),
        p("static HashAlgorithmName SHA256", |_, _| known("SHA256")),
        p("static HashAlgorithmName SHA384", |_, _| known("SHA384")),
        p("static HashAlgorithmName SHA512", |_, _| known("SHA512")),
        p("string Name", |_, a| {
            Ok(a.get(0).downcast::<NameObject>().and_then(|name| name.0.clone()).map_or(Value::Null, Value::Str))
        }),
        op("bool operator ==(HashAlgorithmName left, HashAlgorithmName right)", |_, a| Ok(Value::Bool(same_name(&a)))),
        op("bool operator !=(HashAlgorithmName left, HashAlgorithmName right)", |_, a| Ok(Value::Bool(!same_name(&a)))),
    ]])
    .def();

/// An `Oid`.
struct OidObject {
    value: Option<Str>,
    friendly: Option<Str>,
}

impl Object for OidObject {
    fn type_of(&self) -> Type {
        Type::of(&OID)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// An `Oid` value.
pub(super) fn oid_value(oid: &str) -> Value {
    Value::object(OidObject { value: Some(Str::new(oid)), friendly: friendly_name(oid).map(Str::fixed) })
}

static OID: TypeDef = class("System.Security.Cryptography.Oid")
    .rows(&[&[
        ctor("()", |_, _| Ok(Value::object(OidObject { value: None, friendly: None }))),
        ctor("(string oid)", |_, a| Ok(a.str(0).map_or(Value::Null, |oid| oid_value(oid)))),
        ctor("(string value, string friendlyName)", |_, a| {
            Ok(Value::object(OidObject { value: a.str(0).cloned(), friendly: a.str(1).cloned() }))
        }),
        p("string Value", |_, a| Ok(text_or_null(a.obj::<OidObject>(0)?.value.as_deref()))),
        p("string FriendlyName", |_, a| Ok(text_or_null(a.obj::<OidObject>(0)?.friendly.as_deref()))),
    ]])
    .def();

/// A random number generator over the embedder's randomness.
struct RandomObject;

impl Object for RandomObject {
    fn type_of(&self) -> Type {
        Type::of(&RNG)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn fill(cx: &mut Cx<'_>, a: &Args<'_>, range: Option<(i32, i32)>, zeros: bool) -> Result<Value, Thrown> {
    a.need(1, "data")?;
    let array = a.obj::<ArrayObject>(1)?;
    let length = array.items().len();
    let (start, count) = match range {
        None => (0, length),
        Some((offset, count)) => {
            let all = array.bytes();
            let part = super::byte_range(&all, offset, count, "offset", "count")?;
            (offset.unsigned_abs() as usize, part.len())
        }
    };
    cx.charge(count)?;
    let mut bytes = vec![0; count];
    random(cx, &mut bytes);
    while !zeros && bytes.contains(&0) {
        let missing = bytes.iter().filter(|byte| **byte == 0).count();
        let mut more = vec![0; missing];
        random(cx, &mut more);
        bytes.iter_mut().filter(|byte| **byte == 0).zip(more).for_each(|(byte, new)| *byte = new);
        cx.step()?;
    }
    for (place, byte) in array.items_mut().iter_mut().skip(start).zip(bytes) {
        *place = Value::Byte(byte);
    }
    Ok(Value::Null)
}

static RANDOM: TypeDef = class("System.Security.Cryptography.RandomNumberGenerator")
    .abstract_()
    .implements("System.IDisposable")
    .unlisted()
    .rows(&[&[
        m("static RandomNumberGenerator Create()", |_, _| Ok(Value::object(RandomObject))).impure(),
        m("void GetBytes(byte[] data)", |cx, a| fill(cx, &a, None, true)).impure().listed(),
        m("void GetBytes(byte[] data, int offset, int count)", |cx, a| fill(cx, &a, Some((a.int(2), a.int(3))), true))
            .impure()
            .listed(),
        m("void GetNonZeroBytes(byte[] data)", |cx, a| fill(cx, &a, None, false)).impure().listed(),
        m("void Dispose()", |_, _| Ok(Value::Null)).impure().listed(),
    ]])
    .def();

static RNG: TypeDef = class("System.Security.Cryptography.RNGCryptoServiceProvider")
    .extends("System.Security.Cryptography.RandomNumberGenerator")
    .rows(&[&[ctor("()", |_, _| Ok(Value::object(RandomObject))).impure()]])
    .def();
