//! `validate-client-certificate`: checks the certificate that the client showed when its connection was made.
//!
//! A certificate has to pass every rule that is on, and every field of one identity. Trust is decided by the authorities of
//! `apimite.toml`, revocation by the lists given there; nothing is looked up on the network.
//!
//! Source: validate-client-certificate policy reference; status, reasons and texts are those that integration tests of public
//! repositories demand of real gateways.

use apimite_document::Element;
use apimite_dotnet::crypto::{Certificate, NameType, has_issued, is_revoked, leads_to_trusted};
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Kind, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};
use http::StatusCode;

const fn rule(name: &'static str) -> Attr {
    Attr::new(name, Kind::Bool).default("true").literal()
}

const fn field(name: &'static str) -> Attr {
    Attr::new(name, Kind::Text).literal()
}

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    attributes: &[
        rule("validate-revocation")
            .differs("looks into the lists of `revocation_lists` in apimite.toml only; an unknown state is good"),
        rule("validate-trust").differs("trusts the `authorities` of apimite.toml only, not those of the machine"),
        rule("validate-not-before"),
        rule("validate-not-after"),
        Attr::new("ignore-error", Kind::Bool).default("false").literal(),
    ],
    content: Content::Elements {
        children: &[Child::optional(
            "identities",
            &[],
            Content::Elements {
                children: &[Child {
                    name: "identity",
                    min: 1,
                    max: 10,
                    attributes: &[
                        field("thumbprint"),
                        field("serial-number"),
                        field("common-name"),
                        field("subject"),
                        field("dns-name"),
                        field("issuer-subject"),
                        field("issuer-thumbprint"),
                        field("issuer-certificate-id"),
                    ],
                    content: Content::Empty,
                }],
                ordered: true,
            },
        )],
        ordered: true,
    },
    raises: &[
        "ClientCertificateNotFound",
        "ClientCertificateNotYetValid",
        "ClientCertificateExpired",
        "ClientCertificateNotTrusted",
        "ClientCertificateRevoked",
        "ClientCertificateIdentityNotMatched",
    ],
    differences: &["the reason `ClientCertificateRevoked` is not documented; the others were observed"],
    ..PolicyDef::new("validate-client-certificate", "Checks the certificate of the client.", compile)
};

struct ValidateClientCertificate {
    revocation: bool,
    trust: bool,
    not_before: bool,
    not_after: bool,
    ignore_error: bool,
    identities: Vec<Identity>,
}

/// What a certificate of one caller looks like; absent fields may be anything.
#[derive(Default)]
struct Identity {
    thumbprint: Option<String>,
    serial_number: Option<String>,
    common_name: Option<String>,
    subject: Option<String>,
    dns_name: Option<String>,
    issuer_subject: Option<String>,
    issuer_thumbprint: Option<String>,
    issuer_certificate: Option<String>,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let on =
        |name: &str| cx.literal(element, name).is_some_and(|text| text.eq_ignore_ascii_case("true") || text == "1");
    let mut step = ValidateClientCertificate {
        revocation: on("validate-revocation"),
        trust: on("validate-trust"),
        not_before: on("validate-not-before"),
        not_after: on("validate-not-after"),
        ignore_error: on("ignore-error"),
        identities: Vec::new(),
    };
    let mut outcome = Ok(());
    for child in Compile::child(element, "identities").into_iter().flat_map(|list| Compile::children(list, "identity"))
    {
        let text =
            |name: &str| child.attr(name).map(|text| text.value().trim().to_owned()).filter(|text| !text.is_empty());
        let hex = |name: &str| text(name).map(|text| text.chars().filter(char::is_ascii_hexdigit).collect::<String>());
        let identity = Identity {
            thumbprint: hex("thumbprint"),
            serial_number: hex("serial-number"),
            common_name: text("common-name"),
            subject: text("subject").map(|name| plain(&name)),
            dns_name: text("dns-name"),
            issuer_subject: text("issuer-subject").map(|name| plain(&name)),
            issuer_thumbprint: hex("issuer-thumbprint"),
            issuer_certificate: text("issuer-certificate-id"),
        };
        if identity.issuer_certificate.is_some()
            && (identity.issuer_subject.is_some() || identity.issuer_thumbprint.is_some())
        {
            outcome = Err(cx.refuse(
                child.name_span,
                "validate_client_certificate::issuer",
                "`issuer-certificate-id` stands beside `issuer-subject` or `issuer-thumbprint`",
                "keep one way to name the issuer",
            ));
        }
        if let Some(id) = &identity.issuer_certificate
            && !cx.is_open()
            && !cx.service().certificates.contains_key(id.as_str())
        {
            let at = child.attr("issuer-certificate-id").map_or(child.span, apimite_document::Text::span);
            outcome = Err(cx.refuse(
                at,
                "validate_client_certificate::certificate",
                format!("Certificate '{id}' is not found"),
                "add it as `[certificates.ID]` in apimite.toml",
            ));
        }
        step.identities.push(identity);
    }
    outcome?;
    Ok(StepKind::now(step))
}

/// A distinguished name without regard to case and to blanks around its commas and equals signs.
fn plain(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut quoted = false;
    for c in name.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                out.push(c);
            }
            ',' | '=' if !quoted => {
                out.truncate(out.trim_end().len());
                out.push(c);
            }
            c if c.is_whitespace() && !quoted && (out.is_empty() || out.ends_with([',', '='])) => {}
            c => out.extend(c.to_lowercase()),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

impl Identity {
    fn matches(&self, certificate: &Certificate, known: &[Certificate], exchange: &Exchange) -> bool {
        let same = |wanted: &Option<String>, found: &dyn Fn() -> String| {
            wanted.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(&found()))
        };
        let issuer = |wanted: &String| {
            known.iter().any(|one| one.thumbprint().eq_ignore_ascii_case(wanted) && has_issued(one, certificate))
        };
        let by_id = |id: &String| {
            let given = exchange.service.certificates.get(id.as_str());
            let given = given.and_then(|given| Certificate::from_bytes(&given.der, None).ok());
            given.is_some_and(|given| has_issued(&given, certificate))
        };
        same(&self.thumbprint, &|| certificate.thumbprint())
            && same(&self.serial_number, &|| certificate.serial_number())
            && same(&self.common_name, &|| certificate.name_info(NameType::Simple, false))
            && same(&self.subject, &|| plain(&certificate.subject()))
            && same(&self.dns_name, &|| certificate.name_info(NameType::Dns, false))
            && same(&self.issuer_subject, &|| plain(&certificate.issuer()))
            && self.issuer_thumbprint.as_ref().is_none_or(issuer)
            && self.issuer_certificate.as_ref().is_none_or(by_id)
    }
}

fn refused(reason: &'static str, message: &str) -> Fault {
    Fault::refused(StatusCode::UNAUTHORIZED, reason, message)
}

impl ValidateClientCertificate {
    fn check(&self, exchange: &Exchange, now: i64) -> Result<(), Fault> {
        let Some(der) = &exchange.request.certificate else {
            return Err(refused("ClientCertificateNotFound", "Client certificate missing"));
        };
        let invalid = |reason| refused(reason, "Invalid client certificate");
        let certificate = Certificate::from_bytes(der, None).map_err(|_| invalid("ClientCertificateNotTrusted"))?;
        if self.not_before && now < certificate.not_before() {
            return Err(invalid("ClientCertificateNotYetValid"));
        }
        if self.not_after && now > certificate.not_after() {
            return Err(invalid("ClientCertificateExpired"));
        }
        let trust = exchange.trust();
        if self.trust && !leads_to_trusted(&certificate, &trust.intermediates, &trust.roots, now) {
            return Err(invalid("ClientCertificateNotTrusted"));
        }
        let issuers: Vec<Certificate> = trust.roots.iter().chain(&trust.intermediates).cloned().collect();
        if self.revocation {
            let lists: Vec<&[u8]> = exchange.service.revocation_lists.iter().map(|list| &**list).collect();
            if is_revoked(&certificate, &issuers, &lists) {
                return Err(invalid("ClientCertificateRevoked"));
            }
        }
        if self.identities.is_empty() {
            return Ok(());
        }
        let stored = exchange.service.certificates.values();
        let mut known = issuers;
        known.extend(stored.filter_map(|one| Certificate::from_bytes(&one.der, None).ok()));
        match self.identities.iter().any(|identity| identity.matches(&certificate, &known, exchange)) {
            true => Ok(()),
            false => Err(invalid("ClientCertificateIdentityNotMatched")),
        }
    }
}

impl Now for ValidateClientCertificate {
    fn run(&self, exchange: &mut Exchange, env: &Env) -> Result<Flow, Fault> {
        match self.check(exchange, env.clock.now().unix_seconds()) {
            Err(fault) if !self.ignore_error => Err(fault),
            _ => Ok(Flow::Next),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_and_outer_blanks() {
        assert_eq!(plain("CN=Valid Client,  O = \"A, B\" "), plain("cn=valid client, o=\"A, B\""));
        assert_ne!(plain("CN=a, O=b"), plain("CN=a b"));
    }
}
