//! `authentication-certificate`: presents a client certificate to the backend: one of the service, or one that an expression gives.
//!
//! Source: authentication-certificate policy reference.

use apimite_document::Element;
use apimite_dotnet::crypto::Certificate;
use apimite_expr::Value;
use apimite_expr::library::core::collections::ArrayObject;
use apimite_policy::arg::{TextArg, ValueArg};
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Kind, PolicyDef, Refused, Sections};
use apimite_policy::env::{ClientCertificate, Env};
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    attributes: &[
        Attr::new("thumbprint", Kind::Text),
        Attr::new("certificate-id", Kind::Text),
        Attr::new("body", Kind::Text),
        Attr::new("password", Kind::Text),
    ],
    raises: &["CertificateNotFound", "CertificateInvalid"],
    ..PolicyDef::new("authentication-certificate", "Presents a client certificate to the backend.", compile)
};

/// A compiled `authentication-certificate`, also a child of `send-request`.
pub(crate) struct AuthenticationCertificate(Wanted);

enum Wanted {
    Thumbprint(TextArg),
    Id(TextArg),
    /// PKCS #12 in bytes, and its password.
    Body(ValueArg, Option<TextArg>),
}

/// Compiles the element.
pub(crate) fn read(element: &Element, cx: &mut Compile<'_>) -> Result<AuthenticationCertificate, Refused> {
    let thumbprint = cx.optional_text(element, "thumbprint")?;
    let id = cx.optional_text(element, "certificate-id")?;
    let body = element.attr("body").map(|text| cx.value_arg(text)).transpose()?;
    let password = cx.optional_text(element, "password")?;
    Ok(AuthenticationCertificate(match (thumbprint, id, body) {
        (Some(wanted), None, None) => Wanted::Thumbprint(wanted),
        (None, Some(wanted), None) => Wanted::Id(wanted),
        (None, None, Some(body)) => Wanted::Body(body, password),
        (None, None, None) => {
            return Err(cx.refuse(
                element.name_span,
                "authentication_certificate::none",
                "`thumbprint`, `certificate-id` or `body` is required",
                "name a certificate of the service, or give one as `body` with its `password`",
            ));
        }
        _ => {
            return Err(cx.refuse(
                element.name_span,
                "authentication_certificate::both",
                "`thumbprint`, `certificate-id` and `body` exclude each other",
                "keep one",
            ));
        }
    }))
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    Ok(StepKind::now(read(element, cx)?))
}

impl AuthenticationCertificate {
    /// The certificate for this exchange.
    pub(crate) fn get(&self, exchange: &Exchange) -> Result<ClientCertificate, Fault> {
        let (wanted, by_id) = match &self.0 {
            Wanted::Thumbprint(wanted) => (wanted, false),
            Wanted::Id(wanted) => (wanted, true),
            Wanted::Body(body, password) => {
                let password = password.as_ref().map(|password| password.get(exchange)).transpose()?;
                return of_bytes(&body.get(exchange)?, password.as_deref());
            }
        };
        let wanted = wanted.get(exchange)?;
        let wanted = wanted.trim();
        let missing = |what: &str| {
            Fault::internal("CertificateNotFound", format!("The certificate `{wanted}` {what} in the service."))
        };
        let found = exchange
            .service
            .certificates
            .values()
            .find(|one| if by_id { &one.id } else { &one.thumbprint }.eq_ignore_ascii_case(wanted))
            .ok_or_else(|| missing("is not found"))?;
        let key = found.key.clone().ok_or_else(|| missing("has no private key"))?;
        Ok(ClientCertificate { chain: std::iter::once(&found.der).chain(&found.chain).cloned().collect(), key })
    }
}

/// The certificate with its key in the bytes of a PKCS #12 file.
fn of_bytes(value: &Value, password: Option<&str>) -> Result<ClientCertificate, Fault> {
    let invalid = |text: String| Fault::internal("CertificateInvalid", text);
    let Some(array) = value.downcast::<ArrayObject>() else {
        return Err(invalid("The `body` of the certificate is not an array of bytes.".to_owned()));
    };
    let bytes = array.bytes();
    let certificate =
        Certificate::from_pkcs12(&bytes, password.unwrap_or("")).map_err(|e| invalid(e.message.to_string()))?;
    let key = certificate.private_key().ok_or_else(|| invalid("The certificate has no private key.".to_owned()))?;
    Ok(ClientCertificate { chain: vec![certificate.raw_data().into()], key: key.into() })
}

impl Now for AuthenticationCertificate {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        exchange.client_certificate = Some(self.get(exchange)?);
        Ok(Flow::Next)
    }
}
