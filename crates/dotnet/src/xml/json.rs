//! XML to JSON and back, as the policies `xml-to-json` and `json-to-xml` want it.
//!
//! Source: reference pages of both policies and their samples; the shape follows Newtonsoft's `XmlNodeConverter`.

use smol_str::SmolStr;

use super::content::Content;
use super::doc::NodeKind;
use super::errors::{argument, bad_structure};
use super::name::{XML_NAMESPACE, XMLNS, XName, is_name, starts_name};
use super::object::XObject;
use crate::Thrown;
use crate::json::{JToken, JTokenType, NameMatch, Scalar};

/// How XML becomes JSON.
#[derive(Clone, Debug)]
pub struct FromXml {
    /// Put before the name of an attribute: `@` for `direct`, nothing for `javascript-friendly`.
    pub attribute_prefix: SmolStr,
    /// Member of the text beside attributes or elements.
    pub text_name: SmolStr,
    /// Stands for the colon of a prefixed name.
    pub namespace_separator: SmolStr,
    /// Every child element becomes an array, also a single one.
    pub always_array_child_elements: bool,
    /// Empty elements become null.
    pub empty_as_null: bool,
    /// White space around text is dropped.
    pub trim_values: bool,
}

impl Default for FromXml {
    fn default() -> Self {
        Self {
            attribute_prefix: SmolStr::new_static("@"),
            text_name: SmolStr::new_static("#text"),
            namespace_separator: SmolStr::new_static("$"),
            always_array_child_elements: false,
            empty_as_null: false,
            trim_values: false,
        }
    }
}

/// How JSON becomes XML.
#[derive(Clone, Debug)]
pub struct IntoXml {
    /// Stands between prefix and local name in member names.
    pub namespace_separator: SmolStr,
    /// Prefix of members that declare namespaces; without it nothing does.
    pub namespace_prefix: Option<SmolStr>,
    /// Member whose own members become attributes.
    pub attribute_block_name: Option<SmolStr>,
    /// Members whose names start so become attributes.
    pub attribute_prefix: Option<SmolStr>,
    /// Stands for characters that no name may hold; without it they are encoded as `_xHHHH_`.
    pub invalid_character_replacement: Option<SmolStr>,
}

impl Default for IntoXml {
    fn default() -> Self {
        Self {
            namespace_separator: SmolStr::new_static("_"),
            namespace_prefix: None,
            attribute_block_name: None,
            attribute_prefix: None,
            invalid_character_replacement: None,
        }
    }
}

/// Levels of elements or members; more are refused.
const MAX_DEPTH: usize = 512;

fn too_deep() -> Thrown {
    argument("The document is nested too deeply to be converted.")
}

/// The document or element as a JSON object.
///
/// # Errors
/// `ArgumentException` for a document nested beyond measure.
pub fn xml_to_json(node: &XObject, options: &FromXml) -> Result<JToken, Thrown> {
    let result = JToken::object();
    if let Some(version) = node.declaration().and_then(|declaration| declaration.version.clone()) {
        result.add_property("version", Some(&JToken::text(version)))?;
    }
    let root = if node.kind() == NodeKind::Document { node.first_element(None) } else { Some(node.clone()) };
    if let Some(root) = root {
        let value = element_to_json(&root, options, 0)?;
        result.add_property(&written_name(&root, options), Some(&value))?;
    }
    Ok(result)
}

/// The name with its prefix as the document writes it.
fn written_name(node: &XObject, options: &FromXml) -> String {
    let name = node.name().unwrap_or_default();
    let prefix = if name.is_declaration() {
        (!name.namespace.is_empty()).then(|| SmolStr::new_static("xmlns"))
    } else if name.namespace.is_empty() {
        None
    } else {
        let scope = node.namespace_of("");
        let default = node.kind() == NodeKind::Element && scope.as_ref() == Some(&name.namespace);
        if default { None } else { node.prefix_of(&name.namespace) }
    };
    prefix.map_or_else(
        || name.local.to_string(),
        |prefix| format!("{prefix}{}{}", options.namespace_separator, name.local),
    )
}

fn element_to_json(element: &XObject, options: &FromXml, depth: usize) -> Result<JToken, Thrown> {
    if depth > MAX_DEPTH {
        return Err(too_deep());
    }
    let attributes = element.attributes();
    let kids = element.nodes();
    let texts: Vec<SmolStr> = kids
        .iter()
        .filter(|kid| matches!(kid.kind(), NodeKind::Text | NodeKind::CData))
        .map(|kid| if options.trim_values { SmolStr::new(kid.value().trim()) } else { kid.value() })
        .collect();
    let has_elements = kids.iter().any(|kid| kid.kind() == NodeKind::Element);
    if attributes.is_empty() && !has_elements {
        return Ok(match texts.as_slice() {
            [] if element.is_empty() || options.empty_as_null => JToken::null(),
            [] => JToken::text(""),
            parts => JToken::text(parts.concat()),
        });
    }
    let result = JToken::object();
    let put = |name: &str, value: &JToken, array: bool| -> Result<(), Thrown> {
        match result.get(name, NameMatch::Exact) {
            Some(old) if old.kind() == JTokenType::Array => old.add(value).map(drop),
            Some(old) => {
                let list = JToken::array();
                list.add(&old)?;
                list.add(value)?;
                result.set_index(&crate::json::Key::Name(name), Some(&list))
            }
            None if array => {
                let list = JToken::array();
                list.add(value)?;
                result.add_property(name, Some(&list))
            }
            None => result.add_property(name, Some(value)),
        }
    };
    for attribute in &attributes {
        let name = format!("{}{}", options.attribute_prefix, written_name(attribute, options));
        put(&name, &JToken::text(attribute.value()), false)?;
    }
    if !has_elements && !texts.is_empty() {
        put(&options.text_name, &JToken::text(texts.concat()), false)?;
        return Ok(result);
    }
    for kid in &kids {
        match kid.kind() {
            NodeKind::Element => {
                let value = element_to_json(kid, options, depth + 1)?;
                put(&written_name(kid, options), &value, options.always_array_child_elements)?;
            }
            NodeKind::Text | NodeKind::CData => put(&options.text_name, &JToken::text(kid.value()), false)?,
            _ => {}
        }
    }
    Ok(result)
}

/// The JSON value as a document. Without a single root member the root is `Document`.
///
/// # Errors
/// `ArgumentException` for JSON nested beyond measure, `InvalidOperationException` where no document comes of it.
pub fn json_to_xml(token: &JToken, options: &IntoXml) -> Result<XObject, Thrown> {
    let members = if token.kind() == JTokenType::Object { token.entries() } else { Vec::new() };
    let document = XObject::document(None);
    let scope = Vec::new();
    let root = match members.as_slice() {
        [(name, value)] if value.kind() != JTokenType::Array => element_of(name, value, options, &scope, 0)?,
        _ if token.kind() == JTokenType::Array => {
            let root = XObject::element(XName::new("", "Document"));
            for item in token.children() {
                let item = element_of("Document", &item, options, &scope, 1)?;
                root.add(&Content::Object(item))?;
            }
            root
        }
        _ => element_of("Document", token, options, &scope, 0)?,
    };
    document.add(&Content::Object(root)).map_err(|_| bad_structure())?;
    Ok(document)
}

type Scope = Vec<(SmolStr, SmolStr)>;

/// A member name as an XML name.
fn encode(name: &str, options: &IntoXml) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        let fits = if out.is_empty() { starts_name(c) } else { is_name(c) };
        if fits {
            out.push(c);
        } else if let Some(replacement) = &options.invalid_character_replacement {
            out.push_str(replacement);
        } else {
            out.push_str(&format!("_x{:04X}_", u32::from(c)));
        }
    }
    if out.is_empty() { "_".to_owned() } else { out }
}

fn split<'n>(name: &'n str, options: &IntoXml) -> Option<(&'n str, &'n str)> {
    options.namespace_prefix.as_ref()?;
    if options.namespace_separator.is_empty() { None } else { name.split_once(options.namespace_separator.as_str()) }
}

fn resolve(name: &str, options: &IntoXml, scope: &Scope, element: bool) -> XName {
    let find = |prefix: &str| scope.iter().rev().find(|(bound, _)| bound == prefix).map(|(_, ns)| ns.clone());
    match split(name, options) {
        Some(("xml", local)) => XName::new(XML_NAMESPACE, encode(local, options)),
        Some((prefix, local)) => match find(prefix) {
            Some(namespace) => XName::new(namespace, encode(local, options)),
            None => XName::new("", encode(name, options)),
        },
        None if element => XName::new(find("").unwrap_or_default(), encode(name, options)),
        None => XName::new("", encode(name, options)),
    }
}

/// Is this member a namespace declaration, and of which prefix?
fn declared_prefix<'n>(name: &'n str, options: &IntoXml) -> Option<&'n str> {
    let marker = options.namespace_prefix.as_ref()?;
    if name == marker.as_str() {
        return Some("");
    }
    split(name, options).filter(|(prefix, _)| *prefix == marker.as_str()).map(|(_, local)| local)
}

fn text_of(value: &JToken) -> SmolStr {
    value.scalar().map_or_else(SmolStr::default, |scalar| match &scalar {
        Scalar::Double(_) | Scalar::Single(_) | Scalar::Decimal(_) => SmolStr::from(super::values::value_text(&scalar)),
        _ => scalar.to_text(),
    })
}

fn element_of(name: &str, value: &JToken, options: &IntoXml, outer: &Scope, depth: usize) -> Result<XObject, Thrown> {
    if depth > MAX_DEPTH {
        return Err(too_deep());
    }
    let mut scope = outer.clone();
    let mut attributes: Vec<(SmolStr, SmolStr)> = Vec::new();
    let mut children: Vec<(SmolStr, JToken)> = Vec::new();
    if value.kind() == JTokenType::Object {
        for (member, inner) in value.entries() {
            let simple = !inner.is_container();
            if simple && let Some(prefix) = declared_prefix(&member, options) {
                scope.push((SmolStr::new(prefix), text_of(&inner)));
            } else if options.attribute_block_name.as_ref() == Some(&member) && inner.kind() == JTokenType::Object {
                for (name, value) in inner.entries() {
                    match declared_prefix(&name, options) {
                        Some(prefix) => scope.push((SmolStr::new(prefix), text_of(&value))),
                        None => attributes.push((name, text_of(&value))),
                    }
                }
            } else if simple
                && let Some(plain) = options.attribute_prefix.as_ref().and_then(|p| member.strip_prefix(p.as_str()))
            {
                attributes.push((SmolStr::new(plain), text_of(&inner)));
            } else {
                children.push((member, inner));
            }
        }
    }
    let element = XObject::element(resolve(name, options, &scope, true));
    for (prefix, namespace) in &scope[outer.len()..] {
        let name = if prefix.is_empty() { XName::new("", "xmlns") } else { XName::new(XMLNS, encode(prefix, options)) };
        element.set_attribute_value(&name, Some(namespace))?;
    }
    for (name, value) in attributes {
        element.set_attribute_value(&resolve(&name, options, &scope, false), Some(&value))?;
    }
    match value.kind() {
        JTokenType::Object => {
            for (member, inner) in children {
                add_member(&element, &member, &inner, options, &scope, depth + 1)?;
            }
        }
        JTokenType::Array => {
            for item in value.children() {
                let item = element_of(name, &item, options, &scope, depth + 1)?;
                element.add(&Content::Object(item))?;
            }
        }
        JTokenType::Null | JTokenType::Undefined => {
            const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
            element.set_attribute_value(&XName::new(XMLNS, "xsi"), Some(INSTANCE))?;
            element.set_attribute_value(&XName::new(INSTANCE, "nil"), Some("true"))?;
        }
        _ => element.add(&Content::Text(text_of(value)))?,
    }
    Ok(element)
}

/// An array becomes as many elements as it has items, an empty one a single empty element.
fn add_member(
    parent: &XObject,
    name: &str,
    value: &JToken,
    options: &IntoXml,
    scope: &Scope,
    depth: usize,
) -> Result<(), Thrown> {
    if value.kind() != JTokenType::Array {
        return parent.add(&Content::Object(element_of(name, value, options, scope, depth)?));
    }
    let items = value.children();
    if items.is_empty() {
        return parent.add(&Content::Object(XObject::element(resolve(name, options, scope, true))));
    }
    for item in items {
        parent.add(&Content::Object(element_of(name, &item, options, scope, depth)?))?;
    }
    Ok(())
}
