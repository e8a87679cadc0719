//! What the messages of a WSDL look like: its XML schemas as trees of elements, as far as a JSON body can show them.

use std::collections::HashMap;

use roxmltree::Node;

const XSD: &str = "http://www.w3.org/2001/XMLSchema";

/// Deepest nesting of elements.
const MAX_DEPTH: usize = 24;

/// Most elements of one message.
const MAX_FIELDS: usize = 4_000;

/// An element of a message.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// Local name.
    pub(super) name: String,
    /// Namespace; empty when there is none.
    pub(super) namespace: String,
    /// Must it stand?
    pub(super) required: bool,
    /// May it stand several times?
    pub(super) repeated: bool,
    /// Content.
    pub(super) content: Content,
}

/// What stands in an element.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// true or false
    Bool,
    /// Elements; none at all too.
    Object(Vec<Field>),
    /// Nothing but one element that may stand several times: an array in JSON.
    Array(Box<Field>),
}

/// Why a message cannot be shown; the span is that of the element or type.
pub(super) struct Unreadable {
    pub(super) start: usize,
    pub(super) message: String,
    pub(super) help: &'static str,
}

/// The schemas of a WSDL.
pub(super) struct Schemas<'n> {
    elements: HashMap<(&'n str, &'n str), Node<'n, 'n>>,
    types: HashMap<(&'n str, &'n str), Node<'n, 'n>>,
}

struct Walk {
    fields: usize,
    /// The types around, outermost first.
    around: Vec<usize>,
}

impl<'n> Schemas<'n> {
    /// Collects what the schemas below `types` declare.
    pub(super) fn of(root: &Node<'n, 'n>) -> Self {
        let mut schemas = Self { elements: HashMap::new(), types: HashMap::new() };
        for schema in root.descendants().filter(|node| node.has_tag_name((XSD, "schema"))) {
            let target = schema.attribute("targetNamespace").unwrap_or_default();
            for node in schema.children().filter(Node::is_element) {
                let Some(name) = node.attribute("name") else { continue };
                let known = match node.tag_name().name() {
                    "element" => &mut schemas.elements,
                    "complexType" | "simpleType" => &mut schemas.types,
                    _ => continue,
                };
                known.entry((target, name)).or_insert(node);
            }
        }
        schemas
    }

    /// The element of a message part, by its qualified name written at `at`.
    pub(super) fn element(&self, at: &Node<'n, 'n>, name: &'n str) -> Result<Field, Unreadable> {
        let (namespace, local) = resolve(at, name);
        let Some(node) = self.elements.get(&(namespace, local)) else {
            return Err(missing(at, "element", name));
        };
        self.field(node, namespace, &mut Walk { fields: 0, around: Vec::new() })
    }

    fn field(&self, node: &Node<'n, 'n>, namespace: &'n str, walk: &mut Walk) -> Result<Field, Unreadable> {
        walk.fields += 1;
        if walk.fields > MAX_FIELDS || walk.around.len() > MAX_DEPTH {
            return Err(Unreadable {
                start: node.range().start,
                message: format!("the message has more than {MAX_FIELDS} elements, or more than {MAX_DEPTH} levels"),
                help: "import the WSDL as a SOAP API that is passed through",
            });
        }
        let content = match node.attribute("type") {
            Some(name) => self.named(node, name, walk)?,
            None => match node.children().find(|child| is(child, "complexType") || is(child, "simpleType")) {
                Some(inner) => self.content(&inner, walk)?,
                None => Content::Text,
            },
        };
        Ok(Field {
            name: node.attribute("name").unwrap_or_default().to_owned(),
            namespace: namespace.to_owned(),
            required: true,
            repeated: false,
            content,
        })
    }

    fn named(&self, at: &Node<'n, 'n>, name: &'n str, walk: &mut Walk) -> Result<Content, Unreadable> {
        let (namespace, local) = resolve(at, name);
        if namespace == XSD {
            return Ok(simple(local));
        }
        match self.types.get(&(namespace, local)) {
            Some(node) => self.content(node, walk),
            None => Err(missing(at, "type", name)),
        }
    }

    /// The content of a simple or complex type.
    fn content(&self, kind: &Node<'n, 'n>, walk: &mut Walk) -> Result<Content, Unreadable> {
        let here = kind.range().start;
        if walk.around.contains(&here) {
            // Source: API import restrictions, WSDL: recursion.
            return Err(Unreadable {
                start: here,
                message: format!("the type `{}` holds itself", kind.attribute("name").unwrap_or("without a name")),
                help: "types that hold themselves cannot become JSON templates: import the WSDL as a SOAP API that is passed through",
            });
        }
        walk.around.push(here);
        let content = self.content_inside(kind, walk);
        walk.around.pop();
        content
    }

    fn content_inside(&self, kind: &Node<'n, 'n>, walk: &mut Walk) -> Result<Content, Unreadable> {
        if is(kind, "simpleType") {
            let base = kind.children().find(|child| is(child, "restriction")).and_then(|node| {
                let name = node.attribute("base")?;
                Some((node, name))
            });
            return base.map_or(Ok(Content::Text), |(node, name)| self.named(&node, name, walk));
        }
        if let Some(simple) = kind.children().find(|child| is(child, "simpleContent")) {
            let base = simple.children().find_map(|child| child.attribute("base").map(|name| (child, name)));
            return base.map_or(Ok(Content::Text), |(node, name)| self.named(&node, name, walk));
        }
        let mut fields = Vec::new();
        self.collect(kind, false, &mut fields, walk)?;
        Ok(match fields.as_slice() {
            [one] if one.repeated => Content::Array(Box::new(fields.remove(0))),
            _ => Content::Object(fields),
        })
    }

    /// The elements of sequences, choices and base types.
    fn collect(
        &self,
        group: &Node<'n, 'n>,
        many: bool,
        fields: &mut Vec<Field>,
        walk: &mut Walk,
    ) -> Result<(), Unreadable> {
        for node in group.children().filter(Node::is_element) {
            match node.tag_name().name() {
                "sequence" | "all" | "choice" => self.collect(&node, many || repeats(&node), fields, walk)?,
                "complexContent" => self.collect(&node, many, fields, walk)?,
                "extension" | "restriction" => {
                    if node.tag_name().name() == "extension"
                        && let Some(name) = node.attribute("base")
                    {
                        match self.named(&node, name, walk)? {
                            Content::Object(base) => fields.extend(base),
                            Content::Array(one) => fields.push(*one),
                            _ => {}
                        }
                    }
                    self.collect(&node, many, fields, walk)?;
                }
                "element" => {
                    let mut field = self.local(&node, walk)?;
                    field.required = node.attribute("minOccurs") != Some("0") && !is(group, "choice");
                    field.repeated = many || repeats(&node);
                    fields.push(field);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn local(&self, node: &Node<'n, 'n>, walk: &mut Walk) -> Result<Field, Unreadable> {
        if let Some(name) = node.attribute("ref") {
            let (namespace, local) = resolve(node, name);
            let Some(target) = self.elements.get(&(namespace, local)) else {
                return Err(missing(node, "element", name));
            };
            return self.field(target, namespace, walk);
        }
        let schema = node.ancestors().find(|node| is(node, "schema"));
        let target = schema.and_then(|schema| schema.attribute("targetNamespace")).unwrap_or_default();
        let qualified = node.attribute("form").or_else(|| schema?.attribute("elementFormDefault")) == Some("qualified");
        self.field(node, if qualified { target } else { "" }, walk)
    }
}

fn is(node: &Node<'_, '_>, name: &str) -> bool {
    node.has_tag_name((XSD, name))
}

fn repeats(node: &Node<'_, '_>) -> bool {
    !matches!(node.attribute("maxOccurs"), None | Some("0" | "1"))
}

/// Namespace and local name of a qualified name.
pub(super) fn resolve<'n>(at: &Node<'n, 'n>, name: &'n str) -> (&'n str, &'n str) {
    match name.split_once(':') {
        Some((prefix, local)) => (at.lookup_namespace_uri(Some(prefix)).unwrap_or_default(), local),
        None => (at.lookup_namespace_uri(None).unwrap_or_default(), name),
    }
}

fn missing(at: &Node<'_, '_>, what: &str, name: &str) -> Unreadable {
    Unreadable {
        start: at.range().start,
        message: format!("the {what} `{name}` is not in the schemas of the WSDL"),
        // Source: API import restrictions, WSDL: no imports and includes.
        help: "put all schemas into the WSDL: imports and includes are not followed",
    }
}

fn simple(name: &str) -> Content {
    match name {
        "int" | "integer" | "long" | "short" | "byte" | "unsignedInt" | "unsignedLong" | "unsignedShort"
        | "unsignedByte" | "nonNegativeInteger" | "positiveInteger" | "nonPositiveInteger" | "negativeInteger" => {
            Content::Integer
        }
        "decimal" | "double" | "float" => Content::Number,
        "boolean" => Content::Bool,
        _ => Content::Text,
    }
}
