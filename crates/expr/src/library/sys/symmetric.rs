//! `SymmetricAlgorithm` and its family; `Encrypt` and `Decrypt` of `byte[]`.

use std::any::Any;

use apimite_dotnet::crypto::{CipherMode, Direction, PaddingMode, Symmetric, SymmetricKind, Transform};
use apimite_dotnet::{Exception, ExceptionKind, Thrown};
use parking_lot::Mutex;

use super::{byte_range, bytes, random, some_bytes};
use crate::library::core::collections::{ArrayObject, bytes_value};
use crate::library::rows::{Args, Row, ctor, ext, m, p, set};
use crate::library::typedef::{TypeDef, class, enumeration, static_class};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Object, Value};

/// A `SymmetricAlgorithm`.
struct SymmetricObject {
    def: &'static TypeDef,
    state: Mutex<Symmetric>,
}

impl Object for SymmetricObject {
    fn type_of(&self) -> Type {
        Type::of(self.def)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// An `ICryptoTransform`.
struct TransformObject(Mutex<Transform>);

impl Object for TransformObject {
    fn type_of(&self) -> Type {
        Type::of(&CRYPTO_TRANSFORM)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn make(cx: &mut Cx<'_>, kind: SymmetricKind) -> Value {
    let def = match kind {
        SymmetricKind::Aes => &AES,
        SymmetricKind::TripleDes => &TRIPLE_DES,
        SymmetricKind::Des => &DES,
    };
    make_as(cx, def, kind)
}

fn make_as(cx: &mut Cx<'_>, def: &'static TypeDef, kind: SymmetricKind) -> Value {
    let state = Symmetric::new(kind, &mut |bytes| random(cx, bytes));
    Value::object(SymmetricObject { def, state: Mutex::new(state) })
}

fn with<R>(a: &Args<'_>, index: usize, act: impl FnOnce(&mut Symmetric) -> R) -> Result<R, Thrown> {
    Ok(act(&mut a.obj::<SymmetricObject>(index)?.state.lock()))
}

fn transform_value(transform: Transform) -> Value {
    Value::object(TransformObject(Mutex::new(transform)))
}

fn transform(a: &Args<'_>, direction: Direction) -> Result<Value, Thrown> {
    let key = bytes(a, 1, "rgbKey")?;
    let iv = some_bytes(a, 2)?;
    with(a, 0, |state| state.transform_with(direction, &key, iv.as_deref()))?.map(transform_value)
}

fn bad_enum() -> Thrown {
    Exception::new(ExceptionKind::Cryptographic, "Specified cipher mode is not valid for this algorithm.")
}

static ROWS: &[Row] = &[
    m("static SymmetricAlgorithm Create()", |cx, _| Ok(make(cx, SymmetricKind::Aes))).impure().unlisted(),
    m("static SymmetricAlgorithm Create(string algName)", |cx, a| {
        let kind = SymmetricKind::from_config_name(a.need_str(0, "algName")?);
        Ok(kind.map_or(Value::Null, |kind| make(cx, kind)))
    })
    .impure(),
    p("byte[] Key", |_, a| with(&a, 0, |state| bytes_value(state.key()))),
    set("byte[] Key", |_, a| {
        let key = bytes(&a, 1, "value")?;
        with(&a, 0, |state| state.set_key(&key))??;
        Ok(Value::Null)
    }),
    p("byte[] IV", |_, a| with(&a, 0, |state| bytes_value(state.iv()))),
    set("byte[] IV", |_, a| {
        let iv = bytes(&a, 1, "value")?;
        with(&a, 0, |state| state.set_iv(&iv))??;
        Ok(Value::Null)
    }),
    p("CipherMode Mode", |_, a| with(&a, 0, |state| Value::Enum(Type::of(&CIPHER_MODE), state.mode as i64))),
    set("CipherMode Mode", |_, a| {
        let mode = match a.number(1) {
            1 => CipherMode::Cbc,
            2 => CipherMode::Ecb,
            4 => CipherMode::Cfb,
            _ => return Err(bad_enum()),
        };
        with(&a, 0, |state| state.mode = mode)?;
        Ok(Value::Null)
    }),
    p("PaddingMode Padding", |_, a| with(&a, 0, |state| Value::Enum(Type::of(&PADDING_MODE), state.padding as i64))),
    set("PaddingMode Padding", |_, a| {
        let padding = match a.number(1) {
            1 => PaddingMode::None,
            2 => PaddingMode::Pkcs7,
            3 => PaddingMode::Zeros,
            4 => PaddingMode::AnsiX923,
            5 => PaddingMode::Iso10126,
            _ => {
                return Err(Exception::new(
                    ExceptionKind::Cryptographic,
                    "Specified padding mode is not valid for this algorithm.",
                ));
            }
        };
        with(&a, 0, |state| state.padding = padding)?;
        Ok(Value::Null)
    }),
    p("int KeySize", |_, a| with(&a, 0, |state| Value::Int(state.key().len() as i32 * 8))),
    set("int KeySize", |cx, a| {
        let bits = a.int(1);
        with(&a, 0, |state| state.set_key_size(bits, &mut |bytes| random(cx, bytes)))??;
        Ok(Value::Null)
    }),
    p("int BlockSize", |_, a| with(&a, 0, |state| Value::Int(state.kind().block_length() as i32 * 8))),
    set("int BlockSize", |_, a| {
        let wanted = a.int(1);
        let block = with(&a, 0, |state| state.kind().block_length() as i32 * 8)?;
        if wanted == block {
            return Ok(Value::Null);
        }
        Err(Exception::new(ExceptionKind::Cryptographic, "Specified block size is not valid for this algorithm."))
    }),
    p("int FeedbackSize", |_, a| with(&a, 0, |_| Value::Int(8))),
    m("void GenerateKey()", |cx, a| {
        with(&a, 0, |state| {
            let bits = state.key().len() as i32 * 8;
            state.set_key_size(bits, &mut |bytes| random(cx, bytes))
        })??;
        Ok(Value::Null)
    })
    .impure(),
    m("void GenerateIV()", |cx, a| {
        with(&a, 0, |state| {
            let mut iv = vec![0; state.kind().block_length()];
            random(cx, &mut iv);
            state.set_iv(&iv)
        })??;
        Ok(Value::Null)
    })
    .impure(),
    m("bool ValidKeySize(int bitLength)", |_, a| {
        let bits = a.int(1);
        with(&a, 0, |state| {
            Value::Bool(bits % 8 == 0 && usize::try_from(bits / 8).is_ok_and(|n| state.kind().allows_key_length(n)))
        })
    }),
    m("ICryptoTransform CreateEncryptor()", |_, a| {
        with(&a, 0, |state| state.transform(Direction::Encrypt))?.map(transform_value)
    }),
    m("ICryptoTransform CreateDecryptor()", |_, a| {
        with(&a, 0, |state| state.transform(Direction::Decrypt))?.map(transform_value)
    }),
    m("ICryptoTransform CreateEncryptor(byte[] rgbKey, byte[] rgbIV)", |_, a| transform(&a, Direction::Encrypt)),
    m("ICryptoTransform CreateDecryptor(byte[] rgbKey, byte[] rgbIV)", |_, a| transform(&a, Direction::Decrypt)),
    m("void Clear()", |_, a| with(&a, 0, |_| Value::Null)),
    m("void Dispose()", |_, a| with(&a, 0, |_| Value::Null)),
];

static SYMMETRIC_ALGORITHM: TypeDef = class("System.Security.Cryptography.SymmetricAlgorithm")
    .abstract_()
    .implements("System.IDisposable")
    .rows(&[ROWS])
    .def();

macro_rules! algorithms {
    ($($name:ident = $kind:ident, $full:literal;)* @managed $($managed:ident = $managed_kind:ident, $managed_full:literal : $base:literal;)*) => {
        $(static $name: TypeDef = class($full)
            .extends("System.Security.Cryptography.SymmetricAlgorithm")
            .abstract_()
            .unlisted()
            .rows(&[&[
                m(concat!("static ", $full, " Create()"), |cx, _| Ok(make(cx, SymmetricKind::$kind))).impure(),
                m(concat!("static ", $full, " Create(string algorithmName)"), |cx, a| {
                    let kind = SymmetricKind::from_config_name(a.need_str(0, "algorithmName")?);
                    Ok(kind.filter(|kind| *kind == SymmetricKind::$kind).map_or(Value::Null, |kind| make(cx, kind)))
                })
                .impure(),
            ]])
            .def();)*
        $(static $managed: TypeDef = class($managed_full)
            .extends($base)
            .unlisted()
            .rows(&[&[ctor("()", |cx, _| Ok(make_as(cx, &$managed, SymmetricKind::$managed_kind))).impure()]])
            .def();)*
        pub(crate) static TYPES: &[&TypeDef] = &[
            &SYMMETRIC_ALGORITHM, &CIPHER_MODE, &PADDING_MODE, &CRYPTO_TRANSFORM, &BYTE_ARRAY_EXTENSIONS,
            $(&$name,)* $(&$managed,)*
        ];
    };
}

algorithms! {
    AES = Aes, "System.Security.Cryptography.Aes";
    RIJNDAEL = Aes, "System.Security.Cryptography.Rijndael";
    TRIPLE_DES = TripleDes, "System.Security.Cryptography.TripleDES";
    DES = Des, "System.Security.Cryptography.DES";
    @managed
    AES_MANAGED = Aes, "System.Security.Cryptography.AesManaged" : "System.Security.Cryptography.Aes";
    AES_PROVIDER = Aes, "System.Security.Cryptography.AesCryptoServiceProvider" : "System.Security.Cryptography.Aes";
    RIJNDAEL_MANAGED = Aes, "System.Security.Cryptography.RijndaelManaged" : "System.Security.Cryptography.Rijndael";
    TRIPLE_DES_PROVIDER = TripleDes, "System.Security.Cryptography.TripleDESCryptoServiceProvider" : "System.Security.Cryptography.TripleDES";
    DES_PROVIDER = Des, "System.Security.Cryptography.DESCryptoServiceProvider" : "System.Security.Cryptography.DES";
}

static CIPHER_MODE: TypeDef = enumeration(
    "System.Security.Cryptography.CipherMode",
    &[("CBC", 1), ("ECB", 2), ("OFB", 3), ("CFB", 4), ("CTS", 5)],
)
.def();

static PADDING_MODE: TypeDef = enumeration(
    "System.Security.Cryptography.PaddingMode",
    &[("None", 1), ("PKCS7", 2), ("Zeros", 3), ("ANSIX923", 4), ("ISO10126", 5)],
)
.def();

static CRYPTO_TRANSFORM: TypeDef = class("System.Security.Cryptography.ICryptoTransform")
    .abstract_()
    .unlisted()
    .implements("System.IDisposable")
    .rows(&[&[
        p("int InputBlockSize", |_, a| Ok(Value::Int(a.obj::<TransformObject>(0)?.0.lock().block_length() as i32))),
        p("int OutputBlockSize", |_, a| Ok(Value::Int(a.obj::<TransformObject>(0)?.0.lock().block_length() as i32))),
        p("bool CanReuseTransform", |_, _| Ok(Value::Bool(true))),
        p("bool CanTransformMultipleBlocks", |_, _| Ok(Value::Bool(true))),
        m("byte[] TransformFinalBlock(byte[] inputBuffer, int inputOffset, int inputCount)", |cx, a| {
            let all = bytes(&a, 1, "inputBuffer")?;
            let part = byte_range(&all, a.int(2), a.int(3), "inputOffset", "inputCount")?;
            cx.charge((part.len() + 16) * size_of::<Value>())?;
            Ok(bytes_value(&a.obj::<TransformObject>(0)?.0.lock().transform_final_block(part)?))
        })
        .impure(),
        m("int TransformBlock(byte[] inputBuffer, int inputOffset, int inputCount, byte[] outputBuffer, int outputOffset)", |_, a| {
            let all = bytes(&a, 1, "inputBuffer")?;
            let part = byte_range(&all, a.int(2), a.int(3), "inputOffset", "inputCount")?;
            a.need(4, "outputBuffer")?;
            let output = a.obj::<TransformObject>(0)?.0.lock().transform_block(part)?;
            let target = a.obj::<ArrayObject>(4)?;
            let start = usize::try_from(a.int(5)).unwrap_or(usize::MAX);
            let mut items = target.items_mut();
            if items.len().checked_sub(start).is_none_or(|room| room < output.len()) {
                return Err(apimite_dotnet::messages::argument("Destination is too short.", "outputBuffer"));
            }
            for (place, byte) in items.iter_mut().skip(start).zip(&output) {
                *place = Value::Byte(*byte);
            }
            Ok(Value::Int(output.len() as i32))
        })
        .impure(),
        m("void Dispose()", |_, _| Ok(Value::Null)),
    ]])
    .def();

/// The work of `Encrypt` and `Decrypt` with an algorithm's name.
fn by_name(cx: &mut Cx<'_>, a: &Args<'_>, direction: Direction) -> Result<Value, Thrown> {
    let name = a.need_str(1, "alg")?;
    let Some(kind) = SymmetricKind::from_config_name(name) else {
        // `SymmetricAlgorithm.Create` gives null for it, and null has no key.
        return Err(crate::run::null_reference());
    };
    let mut algorithm = Symmetric::new(kind, &mut |_| {});
    algorithm.set_key(&bytes(a, 2, "key")?)?;
    algorithm.set_iv(&bytes(a, 3, "iv")?)?;
    finish(cx, a, algorithm.transform(direction)?)
}

fn by_algorithm(cx: &mut Cx<'_>, a: &Args<'_>, direction: Direction) -> Result<Value, Thrown> {
    let transform = if a.count() > 2 {
        let (key, iv) = (bytes(a, 2, "rgbKey")?, some_bytes(a, 3)?);
        with(a, 1, |state| state.transform_with(direction, &key, iv.as_deref()))??
    } else {
        with(a, 1, |state| state.transform(direction))??
    };
    finish(cx, a, transform)
}

fn finish(cx: &mut Cx<'_>, a: &Args<'_>, mut transform: Transform) -> Result<Value, Thrown> {
    let data = bytes(a, 0, "input")?;
    cx.charge((data.len() + 16) * size_of::<Value>())?;
    Ok(bytes_value(&transform.transform_final_block(&data)?))
}

/// Source: policy expressions reference, `byte[] Encrypt(input: this byte[], alg: string, key: byte[], iv: byte[])` and kin.
static BYTE_ARRAY_EXTENSIONS: TypeDef = static_class("ByteArrayExtensions")
    .host()
    .rows(&[&[
        ext("byte[] Encrypt(this byte[] input, string alg, byte[] key, byte[] iv)", |cx, a| {
            by_name(cx, &a, Direction::Encrypt)
        }),
        ext("byte[] Encrypt(this byte[] input, SymmetricAlgorithm alg)", |cx, a| {
            by_algorithm(cx, &a, Direction::Encrypt)
        }),
        ext("byte[] Encrypt(this byte[] input, SymmetricAlgorithm alg, byte[] key, byte[] iv)", |cx, a| {
            by_algorithm(cx, &a, Direction::Encrypt)
        }),
        ext("byte[] Decrypt(this byte[] input, string alg, byte[] key, byte[] iv)", |cx, a| {
            by_name(cx, &a, Direction::Decrypt)
        }),
        ext("byte[] Decrypt(this byte[] input, SymmetricAlgorithm alg)", |cx, a| {
            by_algorithm(cx, &a, Direction::Decrypt)
        }),
        ext("byte[] Decrypt(this byte[] input, SymmetricAlgorithm alg, byte[] key, byte[] iv)", |cx, a| {
            by_algorithm(cx, &a, Direction::Decrypt)
        }),
    ]])
    .def();
