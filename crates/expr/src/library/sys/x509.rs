//! `X509Certificate2` and what belongs to it.

use std::any::Any;
use std::sync::Arc;

use apimite_dotnet::crypto::{Certificate, CertificateExtension, HashKind, NameType, hex_upper, verify_no_revocation};
use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use super::hash::{hash_kind, oid_value};
use super::rsa::{key, rsa_value};
use super::{bytes, date_time, index_out_of_range, walk};
use crate::library::core::collections::bytes_value;
use crate::library::rows::{Args, Row, ctor, each, ext, m, p, set};
use crate::library::typedef::{TypeDef, class, enumeration, static_class};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Each, Object, Str, Value};

/// Which certificates `Verify` and `VerifyNoRevocation` trust: the embedder answers for it as a part of its host.
#[derive(Clone, Debug, Default)]
pub struct CertificateTrust {
    /// Certificates that end a chain.
    pub roots: Vec<Certificate>,
    /// Certificates that may stand in between.
    pub intermediates: Vec<Certificate>,
}

/// An `X509Certificate2`.
pub struct CertificateObject(Certificate);

impl Object for CertificateObject {
    fn type_of(&self) -> Type {
        Type::of(&CERTIFICATE2)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_text(&self, cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        let certificate = &self.0;
        let mut date = |seconds: i64| cx.to_text(&date_time(seconds, 2));
        let text = date(certificate.not_before()).and_then(|from| {
            let to = date(certificate.not_after())?;
            Ok(Str::from(format!(
                "[Subject]\n  {}\n\n[Issuer]\n  {}\n\n[Serial Number]\n  {}\n\n[Not Before]\n  {from}\n\n[Not \
                 After]\n  {to}\n\n[Thumbprint]\n  {}\n",
                certificate.subject(),
                certificate.issuer(),
                certificate.serial_number(),
                certificate.thumbprint(),
            )))
        });
        Some(text)
    }

    fn equals(&self, other: &Value, _cx: &mut Cx<'_>) -> Option<Result<bool, Thrown>> {
        Some(Ok(other.downcast::<Self>().is_some_and(|other| other.0 == self.0)))
    }

    fn hash(&self, _cx: &mut Cx<'_>) -> Option<Result<u64, Thrown>> {
        Some(Ok(super::hash_of(&(self.0.issuer_der(), self.0.serial_number()))))
    }
}

/// An `X509Certificate2` value.
pub fn certificate_value(certificate: Certificate) -> Value {
    Value::object(CertificateObject(certificate))
}

/// The certificate in a value.
pub fn certificate_of(value: &Value) -> Option<&Certificate> {
    value.downcast::<CertificateObject>().map(|certificate| &certificate.0)
}

fn this<'a>(a: &'a Args<'_>) -> Result<&'a Certificate, Thrown> {
    Ok(&a.obj::<CertificateObject>(0)?.0)
}

fn read(a: &Args<'_>) -> Result<Value, Thrown> {
    if a.get(0).is_null() {
        return Err(apimite_dotnet::messages::argument("Array cannot be empty or null.", "rawData"));
    }
    let password = if a.count() > 1 { a.str(1).map(|text| text.as_str()) } else { None };
    Certificate::from_bytes(&bytes(a, 0, "rawData")?, password).map(certificate_value)
}

fn text(text: String) -> Result<Value, Thrown> {
    Ok(Value::from(text))
}

fn exported(a: &Args<'_>) -> Result<Value, Thrown> {
    match a.number(1) {
        1 => Ok(bytes_value(this(a)?.raw_data())),
        _ => Err(Exception::new(ExceptionKind::Cryptographic, "Invalid content type.")),
    }
}

fn verify(cx: &mut Cx<'_>, certificate: &Certificate) -> bool {
    let nothing = CertificateTrust::default();
    let now = (cx.embedder().utc_now_ticks() - 621_355_968_000_000_000) / 10_000_000;
    let trust = cx.host::<CertificateTrust>().unwrap_or(&nothing);
    verify_no_revocation(certificate, &trust.intermediates, &trust.roots, now)
}

static BASE_ROWS: &[Row] = &[
    p("string Subject", |_, a| text(this(&a)?.subject())),
    p("string Issuer", |_, a| text(this(&a)?.issuer())),
    m("byte[] GetCertHash()", |_, a| Ok(bytes_value(&this(&a)?.hash(HashKind::Sha1)))),
    m("byte[] GetCertHash(HashAlgorithmName hashAlgorithm)", |_, a| {
        Ok(bytes_value(&this(&a)?.hash(hash_kind(&a, 1)?)))
    })
    .core_only(),
    m("string GetCertHashString()", |_, a| text(this(&a)?.thumbprint())),
    m("string GetCertHashString(HashAlgorithmName hashAlgorithm)", |_, a| {
        text(hex_upper(&this(&a)?.hash(hash_kind(&a, 1)?)))
    })
    .core_only(),
    m("string GetEffectiveDateString()", |cx, a| {
        let date = date_time(this(&a)?.not_before(), 2);
        cx.to_text(&date).map(Value::Str)
    }),
    m("string GetExpirationDateString()", |cx, a| {
        let date = date_time(this(&a)?.not_after(), 2);
        cx.to_text(&date).map(Value::Str)
    }),
    m("string GetFormat()", |_, _| Ok(Value::from("X509"))),
    m("string GetName()", |_, a| text(this(&a)?.subject())),
    m("string GetIssuerName()", |_, a| text(this(&a)?.issuer())),
    m("string GetKeyAlgorithm()", |_, a| text(this(&a)?.key_algorithm().to_owned())),
    m("byte[] GetKeyAlgorithmParameters()", |_, a| Ok(bytes_value(this(&a)?.key_parameters()))),
    m("string GetKeyAlgorithmParametersString()", |_, a| text(hex_upper(this(&a)?.key_parameters()))),
    m("byte[] GetPublicKey()", |_, a| Ok(bytes_value(this(&a)?.public_key()))),
    m("string GetPublicKeyString()", |_, a| text(hex_upper(this(&a)?.public_key()))),
    m("byte[] GetRawCertData()", |_, a| Ok(bytes_value(this(&a)?.raw_data()))),
    m("string GetRawCertDataString()", |_, a| text(hex_upper(this(&a)?.raw_data()))),
    m("byte[] GetSerialNumber()", |_, a| Ok(bytes_value(&this(&a)?.serial_bytes()))),
    m("string GetSerialNumberString()", |_, a| text(this(&a)?.serial_number())),
    m("byte[] Export(X509ContentType contentType)", |_, a| exported(&a)),
    m("string ToString(bool fVerbose)", |cx, a| cx.to_text(a.get(0)).map(Value::Str)),
    m("void Dispose()", |_, _| Ok(Value::Null)),
];

static CERTIFICATE: TypeDef = class("System.Security.Cryptography.X509Certificates.X509Certificate")
    .implements("System.IDisposable")
    .rows(&[
        BASE_ROWS,
        &[ctor("(byte[] data)", |_, a| read(&a)), ctor("(byte[] rawData, string password)", |_, a| read(&a))],
    ])
    .def();

static ROWS: &[Row] = &[
    ctor("(byte[] rawData)", |_, a| read(&a)),
    ctor("(byte[] rawData, string password)", |_, a| read(&a)),
    ctor("(byte[] rawData, string password, X509KeyStorageFlags keyStorageFlags)", |_, a| read(&a)),
    ctor("(X509Certificate certificate)", |_, a| {
        a.need(0, "certificate")?;
        Ok(a.get(0).clone())
    }),
    p("string Thumbprint", |_, a| text(this(&a)?.thumbprint())),
    p("string SerialNumber", |_, a| text(this(&a)?.serial_number())),
    p("DateTime NotBefore", |_, a| Ok(date_time(this(&a)?.not_before(), 2))),
    p("DateTime NotAfter", |_, a| Ok(date_time(this(&a)?.not_after(), 2))),
    p("int Version", |_, a| Ok(Value::Int(this(&a)?.version()))),
    p("string FriendlyName", |_, a| text(this(&a)?.friendly_name().to_owned())),
    p("bool Archived", |_, a| {
        this(&a)?;
        Ok(Value::Bool(false))
    }),
    p("byte[] RawData", |_, a| Ok(bytes_value(this(&a)?.raw_data()))),
    p("bool HasPrivateKey", |_, a| Ok(Value::Bool(this(&a)?.has_private_key()))),
    p("AsymmetricAlgorithm PrivateKey", |_, a| Ok(this(&a)?.rsa_private_key().map_or(Value::Null, rsa_value))),
    set("AsymmetricAlgorithm PrivateKey", |_, _| {
        Err(Exception::new(ExceptionKind::NotSupported, "Specified method is not supported."))
    }),
    p("PublicKey PublicKey", |_, a| Ok(Value::object(KeyObject(this(&a)?.clone())))),
    p("Oid SignatureAlgorithm", |_, a| Ok(oid_value(this(&a)?.signature_algorithm()))),
    p("X500DistinguishedName SubjectName", |_, a| {
        let certificate = this(&a)?;
        Ok(Value::object(NameObject { text: certificate.subject(), der: certificate.subject_der().to_vec() }))
    }),
    p("X500DistinguishedName IssuerName", |_, a| {
        let certificate = this(&a)?;
        Ok(Value::object(NameObject { text: certificate.issuer(), der: certificate.issuer_der().to_vec() }))
    }),
    p("X509ExtensionCollection Extensions", |_, a| {
        let items = this(&a)?.extensions().iter().map(|one| Value::object(ExtensionObject(one.clone()))).collect();
        Ok(Value::object(ExtensionsObject(items)))
    }),
    m("string GetNameInfo(X509NameType nameType, bool forIssuer)", |_, a| {
        let kind = match a.number(1) {
            0 => NameType::Simple,
            1 => NameType::Email,
            2 => NameType::Upn,
            3 => NameType::Dns,
            4 => NameType::DnsFromAlternative,
            5 => NameType::Url,
            _ => {
                return Err(Exception::new(ExceptionKind::Argument, "Value was invalid. (Parameter 'nameType')"));
            }
        };
        text(this(&a)?.name_info(kind, a.bool(2)))
    }),
    m("bool Verify()", |cx, a| {
        let certificate = this(&a)?.clone();
        Ok(Value::Bool(verify(cx, &certificate)))
    })
    .impure(),
    m("static X509ContentType GetCertContentType(byte[] rawData)", |_, a| {
        let raw = bytes(&a, 0, "rawData")?;
        let kind = if Certificate::from_der(&raw, None, String::new()).is_ok() { 1 } else { 3 };
        Ok(Value::Enum(Type::of(&CONTENT_TYPE), kind))
    }),
    m("void Reset()", |_, _| Ok(Value::Null)).unlisted(),
];

static CERTIFICATE2: TypeDef = class("System.Security.Cryptography.X509Certificates.X509Certificate2")
    .extends("System.Security.Cryptography.X509Certificates.X509Certificate")
    .rows(&[ROWS])
    .def();

/// `RSACertificateExtensions`.
static RSA_EXTENSIONS: TypeDef = static_class("System.Security.Cryptography.X509Certificates.RSACertificateExtensions")
    .rows(&[&[
        ext("RSA GetRSAPublicKey(this X509Certificate2 certificate)", |_, a| {
            a.need(0, "certificate")?;
            Ok(this(&a)?.rsa_public_key().map_or(Value::Null, rsa_value))
        }),
        ext("RSA GetRSAPrivateKey(this X509Certificate2 certificate)", |_, a| {
            a.need(0, "certificate")?;
            Ok(this(&a)?.rsa_private_key().map_or(Value::Null, rsa_value))
        }),
        ext("X509Certificate2 CopyWithPrivateKey(this X509Certificate2 certificate, RSA privateKey)", |_, a| {
            a.need(0, "certificate")?;
            a.need(1, "privateKey")?;
            this(&a)?.with_private_key(key(&a, 1)?.export_pkcs8()?).map(certificate_value)
        })
        .core_only(),
    ]])
    .def();

/// Source: policy expressions reference, `bool VerifyNoRevocation(input: this X509Certificate2)`.
static CERTIFICATE_EXTENSIONS: TypeDef = static_class("X509Certificate2Extensions")
    .host()
    .rows(&[&[ext("bool VerifyNoRevocation(this X509Certificate2 input)", |cx, a| {
        a.need(0, "input")?;
        let certificate = this(&a)?.clone();
        Ok(Value::Bool(verify(cx, &certificate)))
    })
    .impure()]])
    .def();

/// A `PublicKey`.
struct KeyObject(Certificate);

impl Object for KeyObject {
    fn type_of(&self) -> Type {
        Type::of(&PUBLIC_KEY)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

static PUBLIC_KEY: TypeDef = class("System.Security.Cryptography.X509Certificates.PublicKey")
    .abstract_()
    .rows(&[&[
        p("AsymmetricAlgorithm Key", |_, a| match a.obj::<KeyObject>(0)?.0.rsa_public_key() {
            Some(key) => Ok(rsa_value(key)),
            None => Err(Exception::new(ExceptionKind::NotSupported, "The certificate key algorithm is not supported.")),
        }),
        p("Oid Oid", |_, a| Ok(oid_value(a.obj::<KeyObject>(0)?.0.key_algorithm()))),
        m("RSA GetRSAPublicKey()", |_, a| Ok(a.obj::<KeyObject>(0)?.0.rsa_public_key().map_or(Value::Null, rsa_value)))
            .core_only(),
    ]])
    .def();

/// An `X500DistinguishedName`.
struct NameObject {
    text: String,
    der: Vec<u8>,
}

impl Object for NameObject {
    fn type_of(&self) -> Type {
        Type::of(&DISTINGUISHED_NAME)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

static DISTINGUISHED_NAME: TypeDef = class("System.Security.Cryptography.X509Certificates.X500DistinguishedName")
    .abstract_()
    .unlisted()
    .rows(&[&[
        p("string Name", |_, a| text(a.obj::<NameObject>(0)?.text.clone())).listed(),
        p("byte[] RawData", |_, a| Ok(bytes_value(&a.obj::<NameObject>(0)?.der))),
        m("string Format(bool multiLine)", |_, a| {
            let name = a.obj::<NameObject>(0)?;
            text(if a.bool(1) { name.text.replace(", ", "\n") + "\n" } else { name.text.clone() })
        }),
    ]])
    .def();

/// An `X509Extension`.
struct ExtensionObject(CertificateExtension);

impl Object for ExtensionObject {
    fn type_of(&self) -> Type {
        Type::of(&EXTENSION)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

static EXTENSION: TypeDef = class("System.Security.Cryptography.X509Certificates.X509Extension")
    .abstract_()
    .unlisted()
    .rows(&[&[
        p("Oid Oid", |_, a| Ok(oid_value(&a.obj::<ExtensionObject>(0)?.0.oid))),
        p("bool Critical", |_, a| Ok(Value::Bool(a.obj::<ExtensionObject>(0)?.0.critical))),
        p("byte[] RawData", |_, a| Ok(bytes_value(&a.obj::<ExtensionObject>(0)?.0.raw))),
    ]])
    .def();

/// An `X509ExtensionCollection`.
struct ExtensionsObject(Vec<Value>);

impl Object for ExtensionsObject {
    fn type_of(&self) -> Type {
        Type::of(&EXTENSIONS)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn each(self: Arc<Self>, _cx: &mut Cx<'_>) -> Option<Result<Each, Thrown>> {
        Some(Ok(walk(self.0.clone())))
    }
}

static EXTENSIONS: TypeDef = class("System.Security.Cryptography.X509Certificates.X509ExtensionCollection")
    .abstract_()
    .unlisted()
    .implements("System.Collections.ICollection, IEnumerable<X509Extension>")
    .rows(&[&[
        p("int Count", |_, a| Ok(Value::Int(a.obj::<ExtensionsObject>(0)?.0.len() as i32))),
        p("X509Extension this[int index]", |_, a| {
            let items = &a.obj::<ExtensionsObject>(0)?.0;
            usize::try_from(a.int(1))
                .ok()
                .and_then(|at| items.get(at).cloned())
                .ok_or_else(|| index_out_of_range("index"))
        }),
        p("X509Extension this[string oid]", |_, a| {
            let wanted = a.need_str(1, "oid")?;
            let items = &a.obj::<ExtensionsObject>(0)?.0;
            let found = items
                .iter()
                .find(|item| item.downcast::<ExtensionObject>().is_some_and(|one| one.0.oid == wanted.as_str()));
            Ok(found.cloned().unwrap_or_default())
        }),
        each("IEnumerator<X509Extension> GetEnumerator()", |cx, a| cx.iterate(a.get(0))),
    ]])
    .def();

static CONTENT_TYPE: TypeDef = enumeration(
    "System.Security.Cryptography.X509Certificates.X509ContentType",
    &[
        ("Unknown", 0),
        ("Cert", 1),
        ("SerializedCert", 2),
        ("Pfx", 3),
        ("SerializedStore", 4),
        ("Pkcs7", 5),
        ("Authenticode", 6),
    ],
)
.def();

static NAME_TYPE: TypeDef = enumeration(
    "System.Security.Cryptography.X509Certificates.X509NameType",
    &[
        ("SimpleName", 0),
        ("EmailName", 1),
        ("UpnName", 2),
        ("DnsName", 3),
        ("DnsFromAlternativeName", 4),
        ("UrlName", 5),
    ],
)
.def();

static KEY_STORAGE_FLAGS: TypeDef = enumeration(
    "System.Security.Cryptography.X509Certificates.X509KeyStorageFlags",
    &[
        ("DefaultKeySet", 0),
        ("UserKeySet", 1),
        ("MachineKeySet", 2),
        ("Exportable", 4),
        ("UserProtected", 8),
        ("PersistKeySet", 16),
        ("EphemeralKeySet", 32),
    ],
)
.flags()
.unlisted()
.def();

pub(crate) static TYPES: &[&TypeDef] = &[
    &CERTIFICATE,
    &CERTIFICATE2,
    &RSA_EXTENSIONS,
    &CERTIFICATE_EXTENSIONS,
    &PUBLIC_KEY,
    &DISTINGUISHED_NAME,
    &EXTENSION,
    &EXTENSIONS,
    &CONTENT_TYPE,
    &NAME_TYPE,
    &KEY_STORAGE_FLAGS,
];
