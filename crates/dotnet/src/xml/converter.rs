//! LINQ to XML as JSON and back, as Newtonsoft's `XmlNodeConverter` does it: what `JsonConvert` makes of an `XDocument`.
//!
//! Source: documentation of Json.NET, "Converting between JSON and XML".

use smol_str::SmolStr;

use super::content::Content;
use super::doc::{Declaration, NodeKind};
use super::errors::argument;
use super::name::{XMLNS, XName};
use super::object::XObject;
use crate::json::{JToken, JTokenType, Key, NameMatch, Scalar};
use crate::{Exception, ExceptionKind, Thrown};

/// The namespace of `json:Array`.
const JSON: &str = "http://james.newtonking.com/projects/json";
/// Levels of elements or members; more are refused.
const MAX_DEPTH: usize = 512;

fn too_deep() -> Thrown {
    argument("The document is nested too deeply to be converted.")
}

/// Prefixes in force, innermost last.
type Scope = Vec<(SmolStr, SmolStr)>;

fn lookup_prefix(scope: &Scope, namespace: &str) -> Option<SmolStr> {
    scope
        .iter()
        .rev()
        .find(|(prefix, uri)| uri == namespace && lookup(scope, prefix).as_ref() == Some(uri))
        .map(|(prefix, _)| prefix.clone())
}

fn lookup(scope: &Scope, prefix: &str) -> Option<SmolStr> {
    scope.iter().rev().find(|(bound, _)| bound == prefix).map(|(_, uri)| uri.clone())
}

fn start() -> Scope {
    vec![
        (SmolStr::default(), SmolStr::default()),
        (SmolStr::new_static("xmlns"), SmolStr::new_static(XMLNS)),
        (SmolStr::new_static("xml"), SmolStr::new_static(super::name::XML_NAMESPACE)),
    ]
}

/// The declarations of prefixes on an element.
fn declare(scope: &mut Scope, element: &XObject) {
    for attribute in element.attributes() {
        if let Some(name) = attribute.name()
            && name.namespace == XMLNS
        {
            let prefix = if name.local == "xmlns" { SmolStr::default() } else { name.local };
            scope.push((prefix, attribute.value()));
        }
    }
}

fn full_name(node: &XObject, scope: &Scope) -> String {
    let name = node.name().unwrap_or_default();
    match lookup_prefix(scope, &name.namespace).filter(|prefix| !prefix.is_empty()) {
        Some(prefix) => format!("{prefix}:{}", decode(&name.local)),
        None => decode(&name.local),
    }
}

/// `XmlConvert.DecodeName`: `_xHHHH_` is the character.
fn decode(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find("_x") {
        out.push_str(&rest[..at]);
        let code = rest.get(at + 2..at + 6).filter(|_| rest.as_bytes().get(at + 6) == Some(&b'_'));
        match code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                rest = &rest[at + 7..];
            }
            None => {
                out.push_str("_x");
                rest = &rest[at + 2..];
            }
        }
    }
    out + rest
}

fn is_array(node: &XObject) -> bool {
    node.attributes().iter().any(|attribute| {
        attribute.name().is_some_and(|name| name.namespace == JSON && name.local == "Array")
            && matches!(attribute.value().as_str(), "true" | "1")
    })
}

/// The node as the JSON object that `JsonConvert.SerializeObject` writes; `omit_root` leaves the name of the root out.
///
/// # Errors
/// `ArgumentException` for a document nested beyond measure.
pub fn node_to_json(node: &XObject, omit_root: bool) -> Result<JToken, Thrown> {
    let mut scope = start();
    let mut above: Vec<XObject> = Vec::new();
    let mut parent = node.parent();
    while let Some(element) = parent {
        parent = element.parent();
        above.push(element);
    }
    for element in above.iter().rev() {
        declare(&mut scope, element);
    }
    let out = JToken::object();
    match node.kind() {
        NodeKind::Document => {
            if let Some(parts) = node.declaration() {
                put(&out, "?xml", &declaration(&parts)?)?;
            }
            grouped(&out, node, &mut scope, 0)?;
        }
        NodeKind::Element => {
            let name = element_name(node, &mut scope);
            put(&out, &name, &element(node, &mut scope, 0)?)?;
        }
        _ => {}
    }
    if omit_root && let Some((_, value)) = out.entries().into_iter().find(|(name, _)| !name.starts_with(['?', '!'])) {
        return Ok(value.deep_clone());
    }
    Ok(out)
}

fn put(out: &JToken, name: &str, value: &JToken) -> Result<(), Thrown> {
    if out.find_property(name, NameMatch::Exact).is_some() {
        return out.set_index(&Key::Name(name), Some(value));
    }
    out.add_property(name, Some(value))
}

fn declaration(parts: &Declaration) -> Result<JToken, Thrown> {
    let out = JToken::object();
    for (name, value) in
        [("@version", &parts.version), ("@encoding", &parts.encoding), ("@standalone", &parts.standalone)]
    {
        if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
            put(&out, name, &JToken::text(value.clone()))?;
        }
    }
    Ok(out)
}

/// The name of an element; its own declarations count.
fn element_name(node: &XObject, scope: &mut Scope) -> String {
    let mark = scope.len();
    declare(scope, node);
    let name = full_name(node, scope);
    scope.truncate(mark);
    name
}

/// The namespace of an element that no attribute declares, and no prefix.
fn implicit_namespace(node: &XObject) -> Option<SmolStr> {
    let namespace = node.name()?.namespace;
    if namespace.is_empty()
        || node.parent().and_then(|parent| parent.name()).is_some_and(|name| name.namespace == namespace)
    {
        return None;
    }
    let prefixed = node.prefix_of(&namespace).is_some_and(|prefix| !prefix.is_empty());
    let declared =
        node.find_attribute(&XName::new("", "xmlns")).is_some_and(|attribute| attribute.value() == namespace);
    (!prefixed && !declared).then_some(namespace)
}

fn element(node: &XObject, scope: &mut Scope, depth: usize) -> Result<JToken, Thrown> {
    if depth > MAX_DEPTH {
        return Err(too_deep());
    }
    let mark = scope.len();
    declare(scope, node);
    let implicit = implicit_namespace(node);
    let attributes = node.attributes();
    let kids = node.nodes();
    let marks_array = |attribute: &XObject| {
        let name = attribute.name().unwrap_or_default();
        name.namespace == JSON || (name.namespace == XMLNS && attribute.value() == JSON)
    };
    let plain = implicit.is_none() && attributes.iter().all(marks_array);
    let result = if plain && kids.len() == 1 && kids[0].kind() == NodeKind::Text {
        JToken::text(kids[0].value())
    } else if kids.is_empty() && attributes.is_empty() && implicit.is_none() {
        if node.is_empty() { JToken::null() } else { JToken::text("") }
    } else {
        let out = JToken::object();
        if let Some(namespace) = implicit {
            put(&out, "@xmlns", &JToken::text(namespace))?;
        }
        for attribute in attributes.iter().filter(|attribute| !marks_array(attribute)) {
            put(&out, &format!("@{}", full_name(attribute, scope)), &JToken::text(attribute.value()))?;
        }
        grouped(&out, node, scope, depth)?;
        out
    };
    scope.truncate(mark);
    Ok(result)
}

/// The nodes within, those of one name together where the first of them stands.
fn grouped(out: &JToken, node: &XObject, scope: &mut Scope, depth: usize) -> Result<(), Thrown> {
    let mut groups: Vec<(String, Vec<XObject>)> = Vec::new();
    for kid in node.nodes() {
        let name = match kid.kind() {
            NodeKind::Element => element_name(&kid, scope),
            NodeKind::Text => "#text".to_owned(),
            NodeKind::CData => "#cdata-section".to_owned(),
            NodeKind::ProcessingInstruction => format!("?{}", kid.target()),
            NodeKind::DocumentType => {
                format!(
                    "!{}",
                    kid.document_type_parts().map_or_else(SmolStr::default, |_| SmolStr::new_static("DOCTYPE"))
                )
            }
            NodeKind::Comment | NodeKind::Attribute | NodeKind::Document => continue,
        };
        match groups.iter_mut().find(|(own, _)| *own == name) {
            Some((_, list)) => list.push(kid),
            None => groups.push((name, vec![kid])),
        }
    }
    for (name, list) in groups {
        let values = list.iter().map(|kid| one(kid, scope, depth)).collect::<Result<Vec<_>, _>>()?;
        if let ([value], false) = (values.as_slice(), is_array(&list[0])) {
            put(out, &name, value)?;
            continue;
        }
        let array = JToken::array();
        for value in &values {
            array.add(value)?;
        }
        put(out, &name, &array)?;
    }
    Ok(())
}

fn one(node: &XObject, scope: &mut Scope, depth: usize) -> Result<JToken, Thrown> {
    match node.kind() {
        NodeKind::Element => element(node, scope, depth + 1),
        NodeKind::DocumentType => {
            let out = JToken::object();
            if let Some(parts) = node.document_type_parts() {
                put(&out, "@name", &JToken::text(parts.name.clone()))?;
                for (name, value) in
                    [("@public", &parts.public), ("@system", &parts.system), ("@internalSubset", &parts.subset)]
                {
                    if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
                        put(&out, name, &JToken::text(value.clone()))?;
                    }
                }
            }
            Ok(out)
        }
        _ => Ok(JToken::text(node.value())),
    }
}

fn refused(message: impl Into<String>) -> Thrown {
    Exception::new(ExceptionKind::JsonSerialization, message)
}

/// The JSON object as a document; `root` names an element put around all of it.
///
/// # Errors
/// `JsonSerializationException` for JSON that no document comes of.
pub fn json_to_document(token: &JToken, root: Option<&str>) -> Result<XObject, Thrown> {
    if token.kind() != JTokenType::Object {
        return Err(refused("XmlNodeConverter can only convert JSON that begins with an object."));
    }
    let document = XObject::document(None);
    let mut scope = start();
    match root {
        Some(name) => member(&document, name, token, &mut scope, 0)?,
        None => members(&document, token, &mut scope, 0)?,
    }
    Ok(document)
}

fn members(parent: &XObject, token: &JToken, scope: &mut Scope, depth: usize) -> Result<(), Thrown> {
    for (name, value) in token.entries() {
        if parent.kind() == NodeKind::Document && parent.first_element(None).is_some() {
            return Err(refused(format!(
                "JSON root object has multiple properties. The root object must have a single property in order to create a \
                 valid XML document. Consider specifying a DeserializeRootElementName. Path '{}'.",
                value.path()
            )));
        }
        if value.kind() == JTokenType::Array && !name.starts_with('@') {
            for item in value.children() {
                member(parent, &name, &item, scope, depth)?;
            }
        } else {
            member(parent, &name, &value, scope, depth)?;
        }
    }
    Ok(())
}

fn text_of(value: &JToken) -> Option<SmolStr> {
    let scalar = value.scalar()?;
    match &scalar {
        Scalar::Null | Scalar::NullText | Scalar::Undefined => None,
        Scalar::Comment(_) => None,
        _ => Some(SmolStr::from(super::values::value_text(&scalar))),
    }
}

fn member(parent: &XObject, name: &str, value: &JToken, scope: &mut Scope, depth: usize) -> Result<(), Thrown> {
    if depth > MAX_DEPTH {
        return Err(too_deep());
    }
    let text = || text_of(value).unwrap_or_default();
    match name {
        "#text" | "#whitespace" | "#significant-whitespace" => return parent.add(&Content::Text(text())),
        "#cdata-section" => return parent.add(&Content::Object(XObject::cdata(&text()))),
        "#comment" => return parent.add(&Content::Object(XObject::comment(&text()))),
        "?xml" => {
            let part = |name: &str| value.get(name, NameMatch::Exact).and_then(|part| text_of(&part));
            parent.set_declaration(Some(Declaration {
                version: part("@version"),
                encoding: part("@encoding"),
                standalone: part("@standalone"),
            }));
            return Ok(());
        }
        "" => return Err(refused("XmlNodeConverter cannot convert JSON with an empty property name to XML.")),
        _ => {}
    }
    if let Some(target) = name.strip_prefix('?') {
        return parent.add(&Content::Object(XObject::instruction(target, &text())?));
    }
    if name.starts_with('!') {
        return Ok(());
    }
    if name.starts_with('@') {
        return Ok(());
    }
    let mark = scope.len();
    let entries = if value.kind() == JTokenType::Object { value.entries() } else { Vec::new() };
    let attributes = || {
        entries.iter().filter_map(|(name, value)| {
            let attribute = name.strip_prefix('@').filter(|attribute| !attribute.is_empty())?;
            Some((attribute, text_of(value).unwrap_or_default()))
        })
    };
    for (attribute, namespace) in attributes().filter(|(attribute, _)| declares(attribute)) {
        scope.push((SmolStr::new(attribute.strip_prefix("xmlns:").unwrap_or_default()), namespace));
    }
    let element = XObject::element(qualified(name, scope, true));
    for (attribute, text) in attributes() {
        let name = match attribute.strip_prefix("xmlns:") {
            Some(prefix) => XName::new(XMLNS, prefix),
            None if attribute == "xmlns" => XName::new("", "xmlns"),
            None => qualified(attribute, scope, false),
        };
        element.set_attribute_value(&name, Some(&text))?;
    }
    match value.kind() {
        JTokenType::Object => members(&element, value, scope, depth + 1)?,
        JTokenType::Array => {
            for item in value.children() {
                member(&element, name, &item, scope, depth + 1)?;
            }
        }
        _ => {
            if let Some(text) = text_of(value) {
                element.add(&Content::Text(text))?;
            }
        }
    }
    scope.truncate(mark);
    parent.add(&Content::Object(element))
}

fn declares(attribute: &str) -> bool {
    attribute == "xmlns" || attribute.starts_with("xmlns:")
}

/// A member name as an XML name: what no name may hold is written `_xHHHH_`.
fn qualified(name: &str, scope: &Scope, element: bool) -> XName {
    let (prefix, local) = match name.split_once(':') {
        Some((prefix, local)) if !prefix.is_empty() && !local.is_empty() => (prefix, local),
        _ => ("", name),
    };
    let namespace = if prefix.is_empty() && !element { None } else { lookup(scope, prefix) };
    let namespace = namespace.unwrap_or_default();
    let local = if prefix.is_empty() || !namespace.is_empty() { local } else { name };
    let mut out = String::with_capacity(local.len());
    for c in local.chars() {
        let fits = if out.is_empty() { super::name::starts_name(c) } else { super::name::is_name(c) };
        if fits {
            out.push(c);
        } else {
            out.push_str(&format!("_x{:04X}_", u32::from(c)));
        }
    }
    XName::new(namespace, out)
}
