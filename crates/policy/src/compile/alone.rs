//! Checks a document, fragment or snippet on its own.

use apimite_diag::{Diagnostic, Diagnostics};
use apimite_document::{Document, Element, Limits};
use apimite_model::Scope;

use super::{Compile, Toolbox, service};
use crate::def::Section;

/// Checks a document as it was read: a policy document, a fragment, or policies without their section. What it refers to is
/// taken as given; a named value in it may be anything.
pub fn check_document(mut document: Document, tools: Toolbox<'_>, diagnostics: &mut Diagnostics) {
    let tools = Toolbox { open: true, ..tools };
    diagnostics.extend(document.diagnostics.drain(..));
    // A value that most places accept; refusals that touch it are dropped.
    let missing = apimite_document::substitute(&mut document, &|_| Some("1".to_owned()), &|reference| {
        apimite_document::in_liquid_template(reference)
    });
    diagnostics.extend(missing);
    let Some(root) = document.root() else { return };
    match &*root.name {
        "policies" => {
            service::compile_tree(&document, Scope::Api, tools, diagnostics);
        }
        _ => {
            let mut cx = Compile::new(tools, Scope::Api, document.source.clone(), diagnostics);
            for element in document.elements() {
                part(element, &mut cx);
            }
        }
    }
}

/// Checks every fragment of a service, whether a document includes it or not; what was refused already is not said twice.
pub(super) fn check_fragments(tools: Toolbox<'_>, diagnostics: &mut Diagnostics) {
    let mut found = Diagnostics::new();
    for fragment in tools.service.fragments.values() {
        let document = service::read(&fragment.policy, tools.service, Limits::FRAGMENT, &mut found);
        let mut cx = Compile::new(tools, Scope::Api, document.source.clone(), &mut found);
        for element in document.elements() {
            part(element, &mut cx);
        }
    }
    let place =
        |diagnostic: &Diagnostic| diagnostic.place.as_ref().map(|(source, span)| (source.name().to_owned(), *span));
    for new in found {
        let said = diagnostics.0.iter().any(|old| old.code == new.code && place(old) == place(&new));
        if !said {
            diagnostics.push(new);
        }
    }
}

fn part(element: &Element, cx: &mut Compile<'_>) {
    match Section::from_name(&element.name) {
        Some(section) => {
            cx.section = section;
            cx.items(element);
        }
        None => {
            cx.section_known = false;
            if &*element.name == "fragment" {
                cx.in_fragment = true;
                cx.items(element);
                cx.in_fragment = false;
            } else {
                cx.lone(element);
            }
            cx.section_known = true;
        }
    }
}
