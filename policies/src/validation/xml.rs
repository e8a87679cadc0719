//! XML against XML Schema and the schemas of a WSDL; SOAP bodies.
//!
//! Documents are read by `roxmltree` first, which expands no entities and refuses document types.

use std::collections::HashMap;
use std::sync::Arc;

use apimite_model::Service;
use roxmltree::{Document, Node, ParsingOptions};
use xmlschema::{Schema, SchemaSource};

use super::json::Miss;

const XSD: &str = "http://www.w3.org/2001/XMLSchema";
const SOAP: [&str; 2] = ["http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"];
/// Deepest document that is validated.
const DEEPEST: usize = 200;
/// Most nodes of a document.
const NODES: u32 = 1_000_000;

/// Compiled schemas by target namespace.
#[derive(Debug)]
pub(crate) struct XmlSchemas {
    all: Vec<(String, Schema)>,
}

/// Schema texts that others may include: by `/schemas/ID` and by namespace.
struct Others(HashMap<String, String>);

impl SchemaSource for Others {
    fn fetch(&self, location: &str) -> Option<&str> {
        let tail = location.rsplit('/').next().unwrap_or(location);
        let found = self.0.get(location).or_else(|| self.0.get(tail.strip_suffix(".xsd").unwrap_or(tail)));
        found.map(String::as_str)
    }
}

impl XmlSchemas {
    /// Compiles an XSD, or all schemas of a WSDL. Nothing is fetched: includes lead to schemas of the service.
    ///
    /// # Errors
    /// Why it is no schema, in a sentence.
    pub(crate) fn new(text: &str, service: &Arc<Service>) -> Result<Self, String> {
        let document = read(text)?;
        let root = document.root_element();
        let mut parts: Vec<(String, String)> = Vec::new();
        let schemas = if root.tag_name().name() == "schema" {
            vec![root]
        } else {
            root.descendants().filter(|node| node.has_tag_name((XSD, "schema"))).collect()
        };
        for node in schemas {
            parts.push((node.attribute("targetNamespace").unwrap_or_default().to_owned(), alone(node, text)));
        }
        if parts.is_empty() {
            return Err("it holds no XML schema".to_owned());
        }
        let mut others: HashMap<String, String> =
            service.schemas.iter().map(|(id, schema)| (id.to_string(), schema.text.to_string())).collect();
        for (namespace, part) in &parts {
            others.insert(namespace.clone(), part.clone());
        }
        let others = Others(others);
        let mut all = Vec::with_capacity(parts.len());
        for (namespace, part) in parts {
            let part = with_locations(&part);
            let schema = xmlschema::parse_schema_with(&part, &others).map_err(|error| error.to_string())?;
            all.push((namespace, schema));
        }
        Ok(Self { all })
    }

    /// What is wrong with a document; nothing when it fits.
    ///
    /// # Errors
    /// The parser's sentence when it is no XML.
    pub(crate) fn check(&self, text: &str, soap: bool) -> Result<Vec<Miss>, String> {
        let document = read(text)?;
        let roots = if soap { contents(document.root_element())? } else { vec![document.root_element()] };
        let mut misses = Vec::new();
        for root in roots {
            self.check_root(root, text, &document, &mut misses)?;
        }
        misses.truncate(super::MOST);
        Ok(misses)
    }

    fn check_root(
        &self,
        root: Node<'_, '_>,
        text: &str,
        document: &Document<'_>,
        misses: &mut Vec<Miss>,
    ) -> Result<(), String> {
        let namespace = root.tag_name().namespace().unwrap_or_default();
        let name = root.tag_name().name();
        let place = document.text_pos_at(root.range().start);
        let fitting = self
            .all
            .iter()
            .find(|(target, schema)| target == namespace && schema.element(name).is_some())
            .map(|(_, schema)| schema);
        let Some(schema) = fitting else {
            let shown = if namespace.is_empty() { name.to_owned() } else { format!("{namespace}:{name}") };
            misses.push(Miss {
                message: format!("The '{shown}' element is not declared."),
                line: place.row as usize,
                position: place.col as usize,
            });
            return Ok(());
        };
        let tree = oxml::parse(&alone(root, text)).map_err(|error| error.to_string())?;
        for violation in xmlschema::validate(&tree, schema).violations {
            let at = follow(root, &violation.path).unwrap_or(root);
            let place = document.text_pos_at(at.range().start);
            misses.push(Miss {
                message: format!("{} ({})", violation.message, violation.path),
                line: place.row as usize,
                position: place.col as usize,
            });
        }
        Ok(())
    }
}

/// Reads a document: no document type, no entities of its own, not too deep.
fn read(text: &str) -> Result<Document<'_>, String> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| error.to_string())?;
    if deepest(document.root()) > DEEPEST {
        return Err(format!("it is nested deeper than {DEEPEST} levels"));
    }
    Ok(document)
}

/// How deep a tree is; no recursion, however deep.
fn deepest(root: Node<'_, '_>) -> usize {
    let (mut node, mut depth, mut most) = (root, 0_usize, 0);
    loop {
        most = most.max(depth);
        if let Some(child) = node.first_child() {
            node = child;
            depth += 1;
            continue;
        }
        loop {
            if let Some(next) = node.next_sibling() {
                node = next;
                break;
            }
            match node.parent() {
                Some(parent) => node = parent,
                None => return most,
            }
            depth = depth.saturating_sub(1);
        }
    }
}

/// The elements inside the body of a SOAP envelope.
fn contents<'a, 'd>(root: Node<'a, 'd>) -> Result<Vec<Node<'a, 'd>>, String> {
    let is = |node: &Node<'_, '_>, name: &str| SOAP.iter().any(|namespace| node.has_tag_name((*namespace, name)));
    if !is(&root, "Envelope") {
        return Err("it is no SOAP envelope".to_owned());
    }
    let body = root.children().find(|node| is(node, "Body")).ok_or("the SOAP envelope has no body")?;
    Ok(body.children().filter(|node| node.is_element() && !is(node, "Fault")).collect())
}

/// The text of an element as a document of its own, with the namespaces that were declared around it.
fn alone(node: Node<'_, '_>, text: &str) -> String {
    let own = text.get(node.range()).unwrap_or_default();
    let name_end = own.find(|c: char| c.is_whitespace() || c == '>' || c == '/').unwrap_or(own.len());
    let (open, rest) = own.split_at(name_end);
    let head = rest.split('>').next().unwrap_or_default();
    let mut out = open.to_owned();
    for namespace in node.namespaces() {
        let attribute = match namespace.name() {
            Some("xml") => continue,
            Some(prefix) => format!("xmlns:{prefix}"),
            None => "xmlns".to_owned(),
        };
        let declared = head.split(&attribute).skip(1).any(|behind| behind.trim_start().starts_with('='));
        if !declared {
            let uri = namespace.uri().replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
            out.push_str(&format!(" {attribute}=\"{uri}\""));
        }
    }
    out.push_str(rest);
    out
}

/// Schemas of a WSDL import one another by namespace alone: the namespace is then the location.
fn with_locations(text: &str) -> String {
    let Ok(document) = read(text) else { return text.to_owned() };
    let mut out = text.to_owned();
    let mut imports: Vec<Node<'_, '_>> = document
        .root_element()
        .children()
        .filter(|node| node.has_tag_name((XSD, "import")) && node.attribute("schemaLocation").is_none())
        .collect();
    imports.reverse();
    for import in imports {
        let Some(namespace) = import.attribute("namespace") else { continue };
        let start = import.range().start;
        let name_end = text.get(start..).and_then(|rest| rest.find(char::is_whitespace)).unwrap_or(0);
        let uri = namespace.replace('&', "&amp;").replace('"', "&quot;");
        out.insert_str(start + name_end, &format!(" schemaLocation=\"{uri}\""));
    }
    out
}

/// The element at a path such as `/order/line[2]/amount`; of an attribute, its element.
fn follow<'a, 'd>(root: Node<'a, 'd>, path: &str) -> Option<Node<'a, 'd>> {
    let mut node = root;
    for segment in path.trim_start_matches('/').split('/').skip(1) {
        if segment.starts_with('@') {
            break;
        }
        let (name, index) = match segment.split_once('[') {
            Some((name, rest)) => (name, rest.trim_end_matches(']').parse::<usize>().ok()?),
            None => (segment, 1),
        };
        let local = name.rsplit(':').next().unwrap_or(name);
        node = node
            .children()
            .filter(|child| child.is_element() && child.tag_name().name() == local)
            .nth(index.saturating_sub(1))?;
    }
    Some(node)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: &str = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:o" elementFormDefault="qualified">
        <xs:element name="order"><xs:complexType><xs:sequence>
            <xs:element name="id" type="xs:int"/><xs:element name="line" type="xs:string" maxOccurs="2"/>
        </xs:sequence></xs:complexType></xs:element></xs:schema>"#;

    fn schemas(text: &str) -> XmlSchemas {
        XmlSchemas::new(text, &Arc::new(Service::new("s"))).unwrap()
    }

    #[test]
    fn documents_fit_or_miss_with_a_place() {
        let order = schemas(ORDER);
        let good = "<order xmlns=\"urn:o\"><id>1</id><line>a</line></order>";
        assert_eq!(order.check(good, false), Ok(Vec::new()));
        let bad = "<order xmlns=\"urn:o\">\n<id>x</id><line>a</line></order>";
        let misses = order.check(bad, false).unwrap();
        assert_eq!((misses.len(), misses[0].line, misses[0].position), (1, 2, 1), "{misses:?}");
        let other = order.check("<order xmlns=\"urn:x\"/>", false).unwrap();
        assert_eq!(other[0].message, "The 'urn:x:order' element is not declared.");
    }

    #[test]
    fn the_body_of_an_envelope_is_validated_with_the_namespaces_around_it() {
        let order = schemas(ORDER);
        let envelope = |id: &str| {
            format!(
                "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:o=\"urn:o\"><s:Body>\
                 <o:order><o:id>{id}</o:id><o:line>a</o:line></o:order></s:Body></s:Envelope>"
            )
        };
        assert_eq!(order.check(&envelope("7"), true), Ok(Vec::new()));
        assert_eq!(order.check(&envelope("seven"), true).unwrap().len(), 1);
        assert_eq!(order.check("<a/>", true), Err("it is no SOAP envelope".to_owned()));
    }

    #[test]
    fn entities_and_deep_documents_are_refused() {
        let order = schemas(ORDER);
        let bomb = "<!DOCTYPE a [<!ENTITY x \"xx\"><!ENTITY y \"&x;&x;\">]><order xmlns=\"urn:o\"><id>&y;</id></order>";
        assert!(order.check(bomb, false).is_err());
        let file = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><order>&x;</order>";
        assert!(order.check(file, false).is_err());
        let deep = format!("{}{}", "<a>".repeat(5_000), "</a>".repeat(5_000));
        assert!(order.check(&deep, false).is_err());
    }

    #[test]
    fn schemas_of_a_wsdl_import_one_another_by_namespace() {
        let wsdl = r#"<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t"><types>
            <xs:schema targetNamespace="urn:t"><xs:simpleType name="code"><xs:restriction base="xs:string"><xs:maxLength value="2"/></xs:restriction></xs:simpleType></xs:schema>
            <xs:schema targetNamespace="urn:m"><xs:import namespace="urn:t"/><xs:element name="get" type="t:code"/></xs:schema>
        </types></definitions>"#;
        let all = schemas(wsdl);
        assert_eq!(all.check("<get xmlns=\"urn:m\">ab</get>", false), Ok(Vec::new()));
        assert_eq!(all.check("<get xmlns=\"urn:m\">abc</get>", false).unwrap().len(), 1);
    }
}
