//! Which part of a WSDL is imported: the service and the endpoint (port) that a `wsdlSelector` names, or all of it.
//!
//! Source: API contract, `wsdlSelector`: criteria that limit an import to a subset of the document.

use apimite_diag::{Span, nearest};
use roxmltree::Node;

use super::{WSDL, is_soap};
use crate::problems::Sheet;
use crate::settings::WsdlSelector;

/// What is imported.
pub(super) struct Choice<'n> {
    /// SOAP bindings, in the order of the document.
    pub(super) bindings: Vec<Node<'n, 'n>>,
    ports: Vec<Node<'n, 'n>>,
}

fn name<'n>(node: &Node<'n, 'n>) -> &'n str {
    node.attribute("name").unwrap_or_default()
}

/// The binding of a port, without its prefix.
fn binding_of<'n>(port: &Node<'n, 'n>) -> Option<&'n str> {
    port.attribute("binding").and_then(|named| named.rsplit(':').next())
}

fn location<'n>(port: &Node<'n, 'n>) -> Option<&'n str> {
    port.children().find(|node| is_soap(node, "address"))?.attribute("location")
}

/// The node of this name; a refusal that names the others when there is none.
fn named<'n>(all: &[Node<'n, 'n>], wanted: &str, what: &str, of: &Node<'n, 'n>, sheet: &mut Sheet<'_>) -> bool {
    if all.iter().any(|node| name(node) == wanted) {
        return true;
    }
    let names: Vec<String> = all.iter().map(|node| format!("`{}`", name(node))).collect();
    let help = match nearest(wanted, all.iter().map(name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => format!("leave it out: the WSDL has no {what}"),
        None => format!("name one of {}", names.join(", ")),
    };
    refuse(of, format!("the WSDL has no {what} `{wanted}`, which `wsdlSelector` names"), help, sheet);
    false
}

fn refuse(at: &Node<'_, '_>, message: String, help: String, sheet: &mut Sheet<'_>) {
    let start = at.range().start;
    sheet.error("wsdl::selector", Span::from_usize(start, start + 1), message, help);
}

impl<'n> Choice<'n> {
    /// Chooses; `None` when the selector names what is not there.
    pub(super) fn of(root: &Node<'n, 'n>, selector: &WsdlSelector, sheet: &mut Sheet<'_>) -> Option<Self> {
        let is_binding = |node: &Node<'_, '_>| {
            node.has_tag_name((WSDL, "binding")) && node.children().any(|child| is_soap(&child, "binding"))
        };
        let mut bindings: Vec<_> = root.children().filter(is_binding).collect();
        let mut services: Vec<_> = root.children().filter(|node| node.has_tag_name((WSDL, "service"))).collect();
        let mut at = *root;
        if let Some(wanted) = &selector.service {
            if !named(&services, wanted, "service", root, sheet) {
                return None;
            }
            services.retain(|service| name(service) == &**wanted);
            at = services.first().copied().unwrap_or(at);
        }
        let is_port = |node: &Node<'_, '_>| node.has_tag_name((WSDL, "port"));
        let mut ports: Vec<_> = services.iter().flat_map(|service| service.children().filter(is_port)).collect();
        if let Some(wanted) = &selector.endpoint {
            if !named(&ports, wanted, "endpoint", &at, sheet) {
                return None;
            }
            ports.retain(|port| name(port) == &**wanted);
        }
        if selector.is_given() {
            let used: Vec<&str> = ports.iter().filter_map(binding_of).collect();
            bindings.retain(|binding| used.contains(&name(binding)));
            if bindings.is_empty() {
                let message = "what `wsdlSelector` names has no SOAP binding".to_owned();
                refuse(&at, message, "name an endpoint that speaks SOAP".to_owned(), sheet);
                return None;
            }
        }
        Some(Self { bindings, ports })
    }

    /// The first address.
    pub(super) fn address(&self) -> &'n str {
        self.ports.iter().find_map(location).unwrap_or_default()
    }

    /// The address of the port of a binding, else of any.
    pub(super) fn address_of(&self, binding: &Node<'n, 'n>) -> &'n str {
        let own = |port: &&Node<'n, 'n>| binding_of(port) == Some(name(binding));
        self.ports.iter().filter(own).find_map(location).unwrap_or_else(|| self.address())
    }
}
