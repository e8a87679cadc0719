//! `ip-filter`: admits or blocks callers by address.
//!
//! The address is the peer of the connection, or what PROXY v2 said of it; `X-Forwarded-For` is never trusted.
//!
//! Source: ip-filter policy reference; the client sees `Forbidden`, the long text is in `LastError`.

use std::net::IpAddr;

use apimite_document::Element;
use apimite_policy::arg::TextArg;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Expressions, Kind, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::{EXPRESSION_FAILED, Fault};
use apimite_policy::step::{Flow, Now, StepKind};
use http::StatusCode;

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    attributes: &[Attr::new("action", Kind::OneOf(&["allow", "forbid"])).required()],
    content: Content::Elements {
        children: &[
            Child::many("address", &[], Content::Text(Kind::Text, Expressions::Allowed)),
            Child::many(
                "address-range",
                &[Attr::new("from", Kind::Text).required(), Attr::new("to", Kind::Text).required()],
                Content::Empty,
            ),
        ],
        ordered: false,
    },
    raises: &["CallerIpNotAllowed", "CallerIpBlocked"],
    ..PolicyDef::new("ip-filter", "Admits or blocks callers by address.", compile)
};

struct IpFilter {
    action: TextArg,
    rules: Vec<Rule>,
}

enum Rule {
    Known(IpAddr, IpAddr),
    One(TextArg),
    Range(TextArg, TextArg),
}

fn parse(text: &str) -> Option<IpAddr> {
    text.trim().parse().ok().map(|ip: IpAddr| ip.to_canonical())
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let mut rules = Vec::new();
    let mut outcome = Ok(());
    for child in element.elements() {
        let (from, to) = if &*child.name == "address" {
            (cx.content(child)?, None)
        } else {
            (cx.text(child, "from")?, Some(cx.text(child, "to")?))
        };
        let mut known = |arg: &TextArg| match arg.as_literal() {
            Some(text) => match parse(text) {
                Some(ip) => Ok(Some(ip)),
                None => Err(cx.refuse(
                    child.span,
                    "ip_filter::address",
                    format!("`{}` is no IP address", text.trim()),
                    "use an IPv4 or IPv6 address",
                )),
            },
            None => Ok(None),
        };
        match (known(&from), to) {
            (Ok(Some(ip)), None) => rules.push(Rule::Known(ip, ip)),
            (Ok(_), None) => rules.push(Rule::One(from)),
            (Ok(low), Some(to)) => match (low, known(&to)) {
                (Some(low), Ok(Some(high))) => rules.push(Rule::Known(low, high)),
                (_, Ok(_)) => rules.push(Rule::Range(from, to)),
                (_, Err(refused)) => outcome = Err(refused),
            },
            (Err(refused), _) => outcome = Err(refused),
        }
    }
    outcome?;
    if rules.is_empty() {
        return Err(cx.refuse(
            element.name_span,
            "ip_filter::empty",
            "`ip-filter` needs an address or a range",
            "add one",
        ));
    }
    Ok(StepKind::now(IpFilter { action: cx.text(element, "action")?, rules }))
}

impl Now for IpFilter {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        let ip = exchange.request.ip.to_canonical();
        let bad = |text: &str| Fault::internal(EXPRESSION_FAILED, format!("`{text}` is no IP address"));
        let mut listed = false;
        for rule in &self.rules {
            let (low, high) = match rule {
                Rule::Known(low, high) => (*low, *high),
                Rule::One(arg) => {
                    let text = arg.get(exchange)?;
                    let one = parse(&text).ok_or_else(|| bad(&text))?;
                    (one, one)
                }
                Rule::Range(from, to) => {
                    let (from, to) = (from.get(exchange)?, to.get(exchange)?);
                    (parse(&from).ok_or_else(|| bad(&from))?, parse(&to).ok_or_else(|| bad(&to))?)
                }
            };
            if ip.is_ipv4() == low.is_ipv4() && (low..=high).contains(&ip) {
                listed = true;
                break;
            }
        }
        let allow = self.action.get(exchange)?.trim().eq_ignore_ascii_case("allow");
        let (reason, message) = match (allow, listed) {
            (true, true) | (false, false) => return Ok(Flow::Next),
            (true, false) => ("CallerIpNotAllowed", format!("Caller IP address {ip} is not allowed. Access denied.")),
            (false, true) => ("CallerIpBlocked", "Caller IP address is blocked. Access denied.".to_owned()),
        };
        Err(Fault::refused(StatusCode::FORBIDDEN, reason, message).public("Forbidden"))
    }
}
