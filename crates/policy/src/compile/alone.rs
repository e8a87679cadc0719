//! Checks a document, fragment or snippet on its own.

use apimite_diag::Diagnostics;
use apimite_document::{Document, Element};
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
