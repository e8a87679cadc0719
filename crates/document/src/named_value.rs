//! Named values: `{{name}}` replaced as text, before anything is compiled.

use std::ops::Range;

use apimite_diag::{Diagnostic, Source, Span};

use crate::text::Piece;
use crate::{Document, Element, Node, Text};

/// A `{{name}}` that names nothing.
#[derive(Clone, Copy, Debug)]
pub struct Reference<'a> {
    /// What stands between the braces.
    pub name: &'a str,
    /// The element it stands in, or on whose attribute.
    pub element: &'a Element,
    /// The attribute, if it stands in one.
    pub attribute: Option<&'a str>,
    /// A Liquid template surrounds it: an element with `template="liquid"`, or one inside such an element.
    pub is_in_liquid: bool,
}

/// Leaves unknown names alone where Liquid will look at them: what [`substitute`] is usually given.
pub fn in_liquid_template(reference: Reference<'_>) -> bool {
    reference.is_in_liquid
}

/// Replaces each `{{name}}` in attribute values and text by what `lookup` gives for the display name. What is put in is not
/// looked at again.
///
/// An unknown name is an error, unless `leave_alone` says that it is none of ours. Places stay right: a place in a replaced
/// piece is the place of its reference.
///
/// Source: named values page of API Management; azure-docs issue 109802 for the refusal.
pub fn substitute(
    document: &mut Document,
    lookup: &dyn Fn(&str) -> Option<String>,
    leave_alone: &dyn Fn(Reference<'_>) -> bool,
) -> Vec<Diagnostic> {
    let mut pass = Pass { source: document.source.clone(), lookup, leave_alone, diagnostics: Vec::new() };
    for node in &mut document.nodes {
        if let Node::Element(element) = node {
            pass.element(element, false);
        }
    }
    pass.diagnostics
}

struct Pass<'a> {
    source: Source,
    lookup: &'a dyn Fn(&str) -> Option<String>,
    leave_alone: &'a dyn Fn(Reference<'_>) -> bool,
    diagnostics: Vec<Diagnostic>,
}

impl Pass<'_> {
    fn element(&mut self, element: &mut Element, is_in_liquid: bool) {
        let is_in_liquid =
            is_in_liquid || element.attr("template").is_some_and(|t| t.value().trim().eq_ignore_ascii_case("liquid"));
        for index in 0..element.attributes.len() {
            let Some(attribute) = element.attributes.get(index) else { break };
            let changed = self.text(&attribute.value, element, Some(&attribute.name), is_in_liquid);
            if let (Some(changed), Some(attribute)) = (changed, element.attributes.get_mut(index)) {
                attribute.value = changed;
            }
        }
        for index in 0..element.children.len() {
            let text = match element.children.get(index) {
                Some(Node::Text(text)) => text,
                Some(Node::CData(data)) => &data.text,
                Some(Node::Element(_)) => {
                    if let Some(Node::Element(child)) = element.children.get_mut(index) {
                        self.element(child, is_in_liquid);
                    }
                    continue;
                }
                _ => continue,
            };
            let changed = self.text(text, element, None, is_in_liquid);
            match (changed, element.children.get_mut(index)) {
                (Some(changed), Some(Node::Text(text))) => *text = changed,
                (Some(changed), Some(Node::CData(data))) => data.text = changed,
                _ => {}
            }
        }
    }

    /// The text with its references replaced; `None` when there are none to replace.
    fn text(&mut self, text: &Text, element: &Element, attribute: Option<&str>, is_in_liquid: bool) -> Option<Text> {
        let mut replacements = Vec::new();
        for (range, name) in references(text.value()) {
            match (self.lookup)(name) {
                Some(value) => replacements.push((range, value)),
                None if (self.leave_alone)(Reference { name, element, attribute, is_in_liquid }) => {}
                None => self.unknown(name, element, text.source_span(range)),
            }
        }
        (!replacements.is_empty()).then(|| replace(text, &replacements))
    }

    fn unknown(&mut self, name: &str, element: &Element, at: Span) {
        // The place is that of the element's name, as Azure gives it; where exactly it stands is said in the help.
        let place = self.source.position(at.start);
        let diagnostic = Diagnostic::new("document::named_value", format!("Cannot find a property '{name}'"))
            .element(element.name.clone())
            .at(&self.source, element.name_span)
            .help(format!(
                "`{{{{{name}}}}}` on line {}, column {} needs a named value with that display name",
                place.line, place.column
            ));
        self.diagnostics.push(diagnostic);
    }
}

/// All `{{name}}` of a text, with the range of each.
fn references(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + text.get(at..)?.find("{{")?;
            let body = text.get(start + 2..)?;
            let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            let length = body.find(|c| !is_name(c)).unwrap_or(body.len());
            if length > 0 && length <= 256 && body.get(length..)?.starts_with("}}") {
                at = start + 2 + length + 2;
                return Some((start..at, body.get(..length)?));
            }
            at = start + 1;
        }
    })
}

/// The text with ranges of its value replaced.
fn replace(text: &Text, replacements: &[(Range<usize>, String)]) -> Text {
    let mut out = Text { value: String::new(), span: text.span(), pieces: Vec::new(), is_substituted: true };
    let mut at = 0;
    for (range, value) in replacements {
        copy(text, at..range.start, &mut out);
        if !value.is_empty() {
            out.value.push_str(value);
            let value_end = Span::from_usize(out.value.len(), 0).start;
            out.pieces.push(Piece { value_end, source: text.source_span(range.clone()), is_same: false });
        }
        at = range.end;
    }
    copy(text, at..text.value().len(), &mut out);
    out
}

/// Copies a range of the value with its pieces.
fn copy(text: &Text, range: Range<usize>, out: &mut Text) {
    let mut start = 0_usize;
    for piece in text.explicit_pieces() {
        let end = piece.value_end as usize;
        let (from, to) = (range.start.max(start), range.end.min(end));
        if from < to {
            out.value.push_str(text.value().get(from..to).unwrap_or(""));
            let source = text.source_span(from..to);
            let value_end = Span::from_usize(out.value.len(), 0).start;
            out.pieces.push(Piece { value_end, source, is_same: piece.is_same });
        }
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, read};

    fn known(name: &str) -> Option<String> {
        match name {
            "a" => Some("A{{b}}".into()),
            "b" => Some("1 < \"2\"".into()),
            "expr" => Some("@(context.Api.Id)".into()),
            "empty" => Some(String::new()),
            _ => None,
        }
    }

    fn run(text: &str) -> (Document, Vec<Diagnostic>) {
        let mut document = read(Source::new("p.xml", text), Limits::CLASSIC.snippet());
        let diagnostics = substitute(&mut document, &known, &in_liquid_template);
        (document, diagnostics)
    }

    #[test]
    fn names_are_replaced_in_attributes_text_and_code_and_not_again() {
        let (document, diagnostics) = run("<s n=\"x{{a}}y{{b}}\" c='@(f(\"{{a}}\") + {{b}})'>{{expr}}</s>");
        assert!(diagnostics.is_empty());
        let root = document.root().unwrap();
        assert_eq!(root.attr("n").unwrap().value(), "xA{{b}}y1 < \"2\"");
        assert_eq!(root.attr("c").unwrap().expression().unwrap().code, "f(\"A{{b}}\") + 1 < \"2\"");
        assert_eq!(root.text().expression().unwrap().code, "context.Api.Id");
    }

    #[test]
    fn places_stay_right_behind_a_replacement() {
        let source = "<s n=\"&lt;{{b}}tail{{empty}}!\"/>";
        let (document, _) = run(source);
        let text = document.root().unwrap().attr("n").unwrap().clone();
        let at = |needle: &str| {
            let start = text.value().find(needle).unwrap();
            let span = text.source_span(start..start + needle.len());
            &source[span.range()]
        };
        assert_eq!(at("tail"), "tail");
        assert_eq!(at("!"), "!");
        assert_eq!(at("2"), "{{b}}");
        assert_eq!(at("<"), "&lt;");
    }

    #[test]
    fn an_unknown_name_is_refused_at_its_element_unless_liquid_owns_it() {
        let (_, diagnostics) = run("<a>\n  <value>{{ipValidated}}</value></a>");
        let headline = diagnostics.first().unwrap().headline();
        assert_eq!(headline, "Error in element 'value' on line 2, column 4: Cannot find a property 'ipValidated'");
        let (document, diagnostics) = run("<set-body template=\"liquid\">{{body.x}} {{b}} {{ c | d }}</set-body>");
        assert!(diagnostics.is_empty());
        assert_eq!(document.root().unwrap().text().value(), "{{body.x}} 1 < \"2\" {{ c | d }}");
    }

    #[test]
    fn braces_that_are_no_reference_stay() {
        let (document, diagnostics) = run("<s n='@($\"{{\\\"k\\\": {x}}} {{{b}}}\")'/>");
        assert!(diagnostics.is_empty());
        assert_eq!(
            document.root().unwrap().attr("n").unwrap().value(),
            "@($\"{{\\\"k\\\": {x}}} {{{b}}}\")".replace("{{b}}", "1 < \"2\"")
        );
    }
}
