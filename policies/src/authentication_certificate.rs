//! `authentication-certificate`: presents a client certificate of the service to the backend.
//!
//! Known difference: `body` with `password` is refused; a certificate of the service is named by thumbprint or id.
//!
//! Source: authentication-certificate policy reference.

use apimite_document::Element;
use apimite_policy::arg::TextArg;
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
        Attr::new("body", Kind::Text).differs("not available yet and refused"),
        Attr::new("password", Kind::Text).differs("not available yet and refused"),
    ],
    raises: &["CertificateNotFound"],
    differences: &["a certificate in `body` is refused; name one of the service by `certificate-id` or `thumbprint`"],
    ..PolicyDef::new("authentication-certificate", "Presents a client certificate to the backend.", compile)
};

/// A compiled `authentication-certificate`, also a child of `send-request`.
pub(crate) struct AuthenticationCertificate {
    wanted: TextArg,
    by_id: bool,
}

/// Compiles the element.
pub(crate) fn read(element: &Element, cx: &mut Compile<'_>) -> Result<AuthenticationCertificate, Refused> {
    let thumbprint = cx.optional_text(element, "thumbprint")?;
    let id = cx.optional_text(element, "certificate-id")?;
    match (thumbprint, id) {
        (Some(wanted), None) => Ok(AuthenticationCertificate { wanted, by_id: false }),
        (None, Some(wanted)) => Ok(AuthenticationCertificate { wanted, by_id: true }),
        (Some(_), Some(_)) => Err(cx.refuse(
            element.name_span,
            "authentication_certificate::both",
            "`thumbprint` and `certificate-id` exclude each other",
            "keep one",
        )),
        (None, None) => Err(cx.refuse(
            element.name_span,
            "authentication_certificate::none",
            "`thumbprint` or `certificate-id` is required",
            "add the certificate to the service and name it; a certificate in `body` is not available yet",
        )),
    }
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    Ok(StepKind::now(read(element, cx)?))
}

impl AuthenticationCertificate {
    /// The certificate for this exchange.
    pub(crate) fn get(&self, exchange: &Exchange) -> Result<ClientCertificate, Fault> {
        let wanted = self.wanted.get(exchange)?;
        let wanted = wanted.trim();
        let missing = |what: &str| {
            Fault::internal("CertificateNotFound", format!("The certificate `{wanted}` {what} in the service."))
        };
        let found = exchange
            .service
            .certificates
            .values()
            .find(|one| if self.by_id { &one.id } else { &one.thumbprint }.eq_ignore_ascii_case(wanted))
            .ok_or_else(|| missing("is not found"))?;
        let key = found.key.clone().ok_or_else(|| missing("has no private key"))?;
        Ok(ClientCertificate { chain: std::iter::once(&found.der).chain(&found.chain).cloned().collect(), key })
    }
}

impl Now for AuthenticationCertificate {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        exchange.client_certificate = Some(self.get(exchange)?);
        Ok(Flow::Next)
    }
}
