//! The functions of XPath 1.0 and those that XSLT 1.0 adds.

use smol_str::SmolStr;

use super::eval::{Context, Host, Place, text_of};
use super::namespaces::namespace_of;
use super::parse::Expr;
use super::value::{Value, number_of};
use crate::tree::{Kind, Name};
use crate::{Result, fail};

macro_rules! table {
    ($($variant:ident $name:literal $least:literal $most:literal,)*) => {
        /// A function.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Function { $($variant,)* }

        const TABLE: &[(&str, Function, usize, usize)] = &[$(($name, Function::$variant, $least, $most),)*];
    };
}

table! {
    Boolean "boolean" 1 1,
    Ceiling "ceiling" 1 1,
    Concat "concat" 2 255,
    Contains "contains" 2 2,
    Count "count" 1 1,
    Current "current" 0 0,
    ElementAvailable "element-available" 1 1,
    False "false" 0 0,
    Floor "floor" 1 1,
    FormatNumber "format-number" 2 3,
    CallAvailable "function-available" 1 1,
    GenerateId "generate-id" 0 1,
    Id "id" 1 1,
    Key "key" 2 2,
    Lang "lang" 1 1,
    Last "last" 0 0,
    LocalName "local-name" 0 1,
    NameOf "name" 0 1,
    NamespaceUri "namespace-uri" 0 1,
    NodeSet "node-set" 1 1,
    NormalizeSpace "normalize-space" 0 1,
    Not "not" 1 1,
    Number "number" 0 1,
    Position "position" 0 0,
    Round "round" 1 1,
    StartsWith "starts-with" 2 2,
    StringOf "string" 0 1,
    StringLength "string-length" 0 1,
    Substring "substring" 2 3,
    SubstringAfter "substring-after" 2 2,
    SubstringBefore "substring-before" 2 2,
    Sum "sum" 1 1,
    SystemProperty "system-property" 1 1,
    Translate "translate" 3 3,
    True "true" 0 0,
    UnparsedEntityUri "unparsed-entity-uri" 1 1,
}

/// The function of a name with so many arguments.
pub(super) fn find(namespace: &str, name: &str, count: usize) -> Result<Function> {
    if namespace.is_empty() && name == "document" {
        return fail("`document()` is not available: no other document is read");
    }
    let extension = matches!(namespace, "urn:schemas-microsoft-com:xslt" | "http://exslt.org/common");
    let found = TABLE.iter().find(|(known, function, _, _)| {
        *known == name && extension == (*function == Function::NodeSet) && (extension || namespace.is_empty())
    });
    match found {
        Some((_, function, least, most)) if (*least..=*most).contains(&count) => Ok(*function),
        Some(_) => fail(format!("`{name}()` does not take {count} argument(s)")),
        None => fail(format!("there is no function `{name}()`: scripts and extensions are not available")),
    }
}

fn available(name: &str) -> bool {
    TABLE.iter().any(|(known, function, _, _)| *known == name && *function != Function::NodeSet)
}

/// Calls a function.
pub(super) fn call(function: Function, arguments: &[Expr], context: Context, host: &mut dyn Host) -> Result<Value> {
    let mut values = Vec::with_capacity(arguments.len());
    for argument in arguments {
        values.push(argument.value(context, host)?);
    }
    let text = |at: usize, host: &dyn Host| {
        values.get(at).map_or_else(|| text_of(host, context.node), |value| value.text(host))
    };
    let number = |at: usize, host: &dyn Host| values.get(at).map_or(f64::NAN, |value| value.number(host));
    let nodes = |at: usize| match values.get(at) {
        Some(Value::Nodes(nodes)) => Ok(nodes.as_slice()),
        Some(_) => fail("a function wants nodes and gets something else"),
        None => Ok(std::slice::from_ref(&context.node)),
    };
    let boolean = values.first().is_some_and(Value::boolean);
    Ok(match function {
        Function::Last => Value::Number(context.size as f64),
        Function::Position => Value::Number(context.position as f64),
        Function::Count => Value::Number(nodes(0)?.len() as f64),
        Function::Current => Value::Nodes(vec![context.current]),
        // There is no document type, so no attribute is an id.
        Function::Id => Value::Nodes(Vec::new()),
        Function::LocalName => named(nodes(0)?, host, |name| name.local.clone()),
        Function::NamespaceUri => named(nodes(0)?, host, |name| name.namespace.clone()),
        Function::NameOf => named(nodes(0)?, host, Name::written),
        Function::StringOf => Value::Text(text(0, host)),
        Function::Concat => {
            let mut all = String::new();
            for value in &values {
                all.push_str(&value.text(host));
            }
            host.step(all.len() as u64 / 64)?;
            Value::Text(all.into())
        }
        Function::StartsWith => Value::Bool(text(0, host).starts_with(text(1, host).as_str())),
        Function::Contains => Value::Bool(text(0, host).contains(text(1, host).as_str())),
        Function::SubstringBefore => {
            let (of, mark) = (text(0, host), text(1, host));
            Value::Text(of.split_once(mark.as_str()).map_or_else(SmolStr::default, |(before, _)| before.into()))
        }
        Function::SubstringAfter => {
            let (of, mark) = (text(0, host), text(1, host));
            Value::Text(of.split_once(mark.as_str()).map_or_else(SmolStr::default, |(_, after)| after.into()))
        }
        Function::Substring => {
            let from = round(number(1, host));
            let end = if values.len() > 2 { from + round(number(2, host)) } else { f64::INFINITY };
            let kept = text(0, host)
                .chars()
                .enumerate()
                .filter(|(index, _)| {
                    let place = (*index + 1) as f64;
                    place >= from && place < end
                })
                .map(|(_, c)| c)
                .collect::<String>();
            Value::Text(kept.into())
        }
        Function::StringLength => Value::Number(text(0, host).chars().count() as f64),
        Function::NormalizeSpace => {
            let of = text(0, host);
            let words: Vec<&str> = of.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).collect();
            Value::Text(words.join(" ").into())
        }
        Function::Translate => {
            let (of, from, to) = (text(0, host), text(1, host), text(2, host));
            let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
            host.step(of.len() as u64 * from.len() as u64 / 64)?;
            let new: String = of
                .chars()
                .filter_map(|c| match from.iter().position(|known| *known == c) {
                    Some(at) => to.get(at).copied(),
                    None => Some(c),
                })
                .collect();
            Value::Text(new.into())
        }
        Function::Boolean => Value::Bool(boolean),
        Function::Not => Value::Bool(!boolean),
        Function::True => Value::Bool(true),
        Function::False => Value::Bool(false),
        Function::Lang => Value::Bool(lang(&text(0, host), context.node, host)),
        Function::Number => Value::Number(match values.first() {
            Some(value) => value.number(host),
            None => number_of(&text_of(host, context.node)),
        }),
        Function::Sum => Value::Number(nodes(0)?.iter().map(|node| number_of(&text_of(host, *node))).sum()),
        Function::Floor => Value::Number(number(0, host).floor()),
        Function::Ceiling => Value::Number(number(0, host).ceil()),
        Function::Round => Value::Number(round(number(0, host))),
        Function::Key => {
            let (namespace, local) = host.expand(&text(0, host))?;
            let wanted: Vec<SmolStr> = match values.get(1) {
                Some(Value::Nodes(nodes)) => nodes.iter().map(|node| text_of(host, *node)).collect(),
                Some(other) => vec![other.text(host)],
                None => Vec::new(),
            };
            let mut found = Vec::new();
            for value in wanted {
                found.extend(host.key(&namespace, &local, &value, context.node)?);
            }
            found.sort_unstable();
            found.dedup();
            Value::Nodes(found)
        }
        Function::FormatNumber => {
            let pattern = text(1, host);
            let format = values.get(2).map(|value| value.text(host));
            Value::Text(host.format_number(number(0, host), &pattern, format.as_deref())?)
        }
        Function::GenerateId => Value::Text(nodes(0)?.first().map_or_else(SmolStr::default, |node| identifier(*node))),
        Function::SystemProperty => {
            let (namespace, local) = host.expand(&text(0, host))?;
            if namespace != crate::compile::XSL {
                return Ok(Value::Text(SmolStr::default()));
            }
            match local.as_str() {
                "version" => Value::Number(1.0),
                "vendor" => Value::Text("Apimite".into()),
                _ => Value::Text(SmolStr::default()),
            }
        }
        Function::ElementAvailable => {
            let (namespace, local) = host.expand(&text(0, host))?;
            Value::Bool(namespace == crate::compile::XSL && crate::compile::is_instruction(&local))
        }
        Function::CallAvailable => {
            let (namespace, local) = host.expand(&text(0, host))?;
            Value::Bool(if namespace.is_empty() { available(&local) } else { find(&namespace, &local, 1).is_ok() })
        }
        Function::UnparsedEntityUri => Value::Text(SmolStr::default()),
        // A fragment is nodes already.
        Function::NodeSet => match values.into_iter().next() {
            Some(value @ Value::Nodes(_)) => value,
            _ => return fail("`node-set()` wants a fragment or nodes"),
        },
    })
}

/// A half goes up.
fn round(number: f64) -> f64 {
    if number.is_finite() { (number + 0.5).floor() } else { number }
}

fn named(nodes: &[Place], host: &dyn Host, part: impl Fn(&Name) -> SmolStr) -> Value {
    let Some(node) = nodes.first() else { return Value::Text(SmolStr::default()) };
    if let Some((prefix, _)) = namespace_of(host, *node) {
        return Value::Text(part(&Name::new("", &prefix, "")));
    }
    let tree = host.tree(node.tree);
    Value::Text(match tree.kind(node.id) {
        Kind::Element(name, _) | Kind::Attribute(name, _) => part(name),
        Kind::Instruction(target, _) => part(&Name::new("", target, "")),
        _ => SmolStr::default(),
    })
}

/// A name for a node that no other has.
fn identifier(node: Place) -> SmolStr {
    let namespace = if node.is_namespace() { format!("-{}", node.namespace) } else { String::new() };
    format!("id{}-{}{namespace}", node.tree, node.id).into()
}

fn lang(wanted: &str, node: Place, host: &dyn Host) -> bool {
    let tree = host.tree(node.tree);
    let mut at = Some(node.id);
    while let Some(here) = at {
        let found = tree.attributes(here).find(|attribute| {
            tree.name(*attribute).is_some_and(|name| name.is("http://www.w3.org/XML/1998/namespace", "lang"))
        });
        if let Some(attribute) = found {
            let (value, wanted) = (tree.text(attribute).to_lowercase(), wanted.to_lowercase());
            return value == wanted || value.starts_with(&format!("{wanted}-"));
        }
        at = tree.parent(here);
    }
    false
}
