//! What every element is checked for before its own `compile` sees it: the definition's rules.

use apimite_diag::nearest;
use apimite_document::{Element, Node, Text};

use super::Compile;
use crate::def::{Attr, Child, Content, Expressions, Gateways, Kind, PolicyDef, Refused};

/// Attributes that every policy takes.
const COMMON: &[&str] = &["id"];

/// Checks an element against its definition: section, scope, tier, attributes, children. All refusals are put down.
///
/// # Errors
/// Refused when there was at least one.
pub fn check_element(def: &PolicyDef, element: &Element, cx: &mut Compile<'_>) -> Result<(), Refused> {
    let mut outcome = Ok(());
    if cx.section_known && cx.parts == 0 && !def.sections.contains(cx.section) {
        let allowed: Vec<&str> = def.sections.iter().map(|section| section.name()).collect();
        outcome = Err(cx.refuse(
            element.name_span,
            "policy::section",
            format!("Policy is not allowed in the '{}' section", cx.section.name()),
            &match allowed.as_slice() {
                [] => "it may only stand inside another policy".to_owned(),
                names => format!("it may stand in {}", names.join(", ")),
            },
        ));
    }
    if !cx.is_open() && !def.scopes.contains(cx.scope) {
        outcome = Err(cx.refuse(
            element.name_span,
            "policy::scope",
            format!("Policy is not allowed in {} scope", cx.scope.name()),
            "move it to a document of another scope",
        ));
    }
    if cx.in_fragment && !def.in_fragment {
        outcome = Err(cx.refuse(
            element.name_span,
            "policy::fragment",
            "Policy is not allowed inside a policy fragment",
            "put it into the document that includes the fragment",
        ));
    }
    let gateway = Gateways::of_tier(cx.service().tier);
    if !def.gateways.contains(gateway) && gateway != Gateways::SELF_HOSTED {
        outcome = Err(cx.refuse(
            element.name_span,
            "policy::tier",
            format!("Policy is not available in the {:?} tier", cx.service().tier),
            "choose another tier with `tier` in apimite.toml",
        ));
    }
    let attributes = check_attributes(element, def.attributes, COMMON, cx);
    let content = check_content(element, &def.content, cx);
    outcome.and(attributes).and(content)
}

fn check_attributes(element: &Element, known: &[Attr], common: &[&str], cx: &mut Compile<'_>) -> Result<(), Refused> {
    let mut outcome = Ok(());
    for attribute in &element.attributes {
        let name = &*attribute.name;
        if common.contains(&name) || name == "xmlns" || name.starts_with("xmlns:") || name.starts_with("xml:") {
            continue;
        }
        let Some(attr) = known.iter().find(|attr| attr.name == name) else {
            let help = match nearest(name, known.iter().map(|attr| attr.name)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => "remove it: the element takes no attributes".to_owned(),
                None => {
                    format!("it takes {}", known.iter().map(|a| format!("`{}`", a.name)).collect::<Vec<_>>().join(", "))
                }
            };
            outcome = Err(cx.refuse(
                attribute.name_span,
                "policy::unknown_attribute",
                format!("The '{name}' attribute is not declared"),
                &help,
            ));
            continue;
        };
        if check_literal(&attribute.value, attr.kind, attr.expressions, attr.name, cx).is_err() {
            outcome = Err(Refused);
        }
    }
    for attr in known.iter().filter(|attr| attr.required) {
        if element.attr(attr.name).is_none() {
            outcome = Err(cx.refuse(
                element.name_span,
                "policy::missing_attribute",
                format!("Required attribute '{}' is not found", attr.name),
                "add the attribute",
            ));
        }
    }
    outcome
}

fn check_literal(
    text: &Text,
    kind: Kind,
    expressions: Expressions,
    what: &str,
    cx: &mut Compile<'_>,
) -> Result<(), Refused> {
    if text.expression().is_some() {
        return match expressions {
            Expressions::Allowed => Ok(()),
            Expressions::Refused => Err(cx.refuse(
                text.span(),
                "policy::expression_not_allowed",
                format!("Policy expressions are not allowed in `{what}`"),
                "write a literal value",
            )),
        };
    }
    let value = text.value().trim();
    let wanted = match kind {
        Kind::Text => return Ok(()),
        Kind::Bool if ["true", "false", "1", "0"].iter().any(|word| value.eq_ignore_ascii_case(word)) => return Ok(()),
        Kind::Bool => "use `true` or `false`".to_owned(),
        Kind::Int(min, max) if value.parse::<i64>().is_ok_and(|n| (min..=max).contains(&n)) => return Ok(()),
        Kind::Int(min, i64::MAX) => format!("use a whole number, {min} or more"),
        Kind::Int(min, max) => format!("use a whole number from {min} to {max}"),
        Kind::Number if value.parse::<f64>().is_ok() => return Ok(()),
        Kind::Number => "use a number".to_owned(),
        Kind::Seconds if crate::arg::seconds(value).is_some() => return Ok(()),
        Kind::Seconds => "use a number of seconds".to_owned(),
        Kind::OneOf(words) if words.iter().any(|word| word.eq_ignore_ascii_case(value)) => return Ok(()),
        Kind::OneOf(words) => match nearest(value, words.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("use {}", words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ")),
        },
    };
    Err(cx.refuse(text.span(), "policy::attribute_value", format!("`{what}` cannot be `{value}`"), &wanted))
}

fn check_content(element: &Element, content: &Content, cx: &mut Compile<'_>) -> Result<(), Refused> {
    let mut outcome = Ok(());
    let allows_text = matches!(content, Content::Text(..) | Content::Mixed(_) | Content::Raw | Content::Policy);
    if !allows_text {
        for node in &element.children {
            let text = match node {
                Node::Text(text) => text,
                Node::CData(data) => &data.text,
                _ => continue,
            };
            if !text.is_blank() {
                outcome = Err(cx.refuse(
                    text.span(),
                    "policy::text",
                    format!("Text is not allowed in '{}'", element.name),
                    "remove the text, or put it into the child element it belongs to",
                ));
            }
        }
    }
    match content {
        Content::Raw | Content::Policies | Content::Policy => {}
        Content::SomePolicies(names) => {
            for child in element.elements() {
                if !names.contains(&&*child.name) {
                    outcome = Err(unknown_child(element, child, names.iter().copied(), cx));
                }
            }
        }
        Content::Empty | Content::Text(..) => {
            if let Content::Text(kind, expressions) = content
                && (*kind != Kind::Text || *expressions == Expressions::Refused)
            {
                outcome = check_literal(&element.text(), *kind, *expressions, &element.name, cx);
            }
            for child in element.elements() {
                outcome = Err(unknown_child(element, child, [], cx));
            }
        }
        Content::Elements { children, ordered } => {
            outcome = outcome.and(check_children(element, children, *ordered, cx));
        }
        Content::Mixed(children) => outcome = check_children(element, children, false, cx),
    }
    outcome
}

/// Children: known, not too few, not too many, and in order where that counts.
///
/// Source: note on the order of child elements on the policy pages; the published schemas list parts as a sequence.
fn check_children(element: &Element, children: &[Child], ordered: bool, cx: &mut Compile<'_>) -> Result<(), Refused> {
    let mut outcome = Ok(());
    let mut last = 0;
    for child in element.elements() {
        let Some(index) = children.iter().position(|known| known.name == &*child.name) else {
            outcome = Err(unknown_child(element, child, children.iter().map(|known| known.name), cx));
            continue;
        };
        // A fragment holds any of the others.
        if ordered && &*child.name != "include-fragment" {
            if index < last {
                outcome = Err(cx.refuse(
                    child.name_span,
                    "policy::order",
                    format!("'{}' stands after '{}'", child.name, children.get(last).map_or("", |c| c.name)),
                    &format!("the order is {}", children.iter().map(|c| c.name).collect::<Vec<_>>().join(", ")),
                ));
            }
            last = last.max(index);
        }
        if let Some(known) = children.get(index) {
            let attributes = match known.content {
                Content::Policy => Ok(()),
                _ => check_attributes(child, known.attributes, COMMON, cx),
            };
            let inner = check_content(child, &known.content, cx);
            outcome = outcome.and(attributes).and(inner);
        }
    }
    for known in children {
        let given = || element.elements().filter(|child| &*child.name == known.name);
        let count = u32::try_from(given().count()).unwrap_or(u32::MAX);
        if count < known.min {
            outcome = Err(cx.refuse(
                element.name_span,
                "policy::missing_child",
                format!("'{}' needs a '{}' element", element.name, known.name),
                "add it",
            ));
        } else if count > known.max {
            let first_of_too_many = given().nth(usize::try_from(known.max).unwrap_or(usize::MAX)).unwrap_or(element);
            outcome = Err(cx.refuse(
                first_of_too_many.name_span,
                "policy::too_many",
                format!("'{}' may hold '{}' {} time(s), not {count}", element.name, known.name, known.max),
                "remove the others",
            ));
        }
    }
    outcome
}

fn unknown_child<'n>(
    element: &Element,
    child: &Element,
    known: impl IntoIterator<Item = &'n str> + Clone,
    cx: &mut Compile<'_>,
) -> Refused {
    let help = match nearest(&child.name, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let names: Vec<String> = known.into_iter().map(|name| format!("`{name}`")).collect();
            if names.is_empty() {
                "the element takes no children".to_owned()
            } else {
                format!("it takes {}", names.join(", "))
            }
        }
    };
    cx.refuse(
        child.name_span,
        "policy::unknown_child",
        format!("The element '{}' has invalid child element '{}'", element.name, child.name),
        &help,
    )
}
