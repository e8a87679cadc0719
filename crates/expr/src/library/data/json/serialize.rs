//! `JsonConvert.SerializeObject` and `FromObject`.

use apimite_dotnet::json::{Formatting, JToken, JsonWriter, Scalar};
use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use super::content::{is_sequence, is_uri, scalar_of};
use super::entries::Entries;
use super::object::Token;
use crate::library::MemberKind;
use crate::library::core::names::IENUMERABLE_OF;
use crate::library::core::tuples::{PAIR, Record};
use crate::run::Cx;
use crate::types::{Kind, Type};
use crate::value::{Str, Value};

/// Objects inside each other; a cycle would not end.
const MAX_DEPTH: usize = 200;

/// Where the serialised form goes: text or a tree.
trait Sink {
    fn scalar(&mut self, scalar: &Scalar) -> Result<(), Thrown>;
    fn token(&mut self, token: &JToken) -> Result<(), Thrown>;
    fn start(&mut self, array: bool) -> Result<(), Thrown>;
    fn name(&mut self, name: &str);
    fn end(&mut self);
    /// Bytes so far.
    fn size_bytes(&self) -> usize;
}

struct TextSink {
    writer: JsonWriter,
}

impl Sink for TextSink {
    fn scalar(&mut self, scalar: &Scalar) -> Result<(), Thrown> {
        self.writer.scalar(scalar);
        Ok(())
    }

    fn token(&mut self, token: &JToken) -> Result<(), Thrown> {
        token.write(&mut self.writer);
        Ok(())
    }

    fn start(&mut self, array: bool) -> Result<(), Thrown> {
        if array {
            self.writer.start_array();
        } else {
            self.writer.start_object();
        }
        Ok(())
    }

    fn name(&mut self, name: &str) {
        self.writer.name(name);
    }

    fn end(&mut self) {
        self.writer.end();
    }

    fn size_bytes(&self) -> usize {
        self.writer.size_bytes()
    }
}

#[derive(Default)]
struct TreeSink {
    open: Vec<(JToken, Option<String>)>,
    name: Option<String>,
    root: Option<JToken>,
    size: usize,
}

impl TreeSink {
    fn put(&mut self, token: JToken) -> Result<(), Thrown> {
        self.size += 96;
        let name = self.name.take();
        match (self.open.last(), name) {
            (None, _) => self.root = Some(token),
            (Some((parent, _)), Some(name)) => {
                parent.set_index(&apimite_dotnet::json::Key::Name(&name), Some(&token))?
            }
            (Some((parent, _)), None) => drop(parent.add(&token)?),
        }
        Ok(())
    }
}

impl Sink for TreeSink {
    fn scalar(&mut self, scalar: &Scalar) -> Result<(), Thrown> {
        // The writer of trees keeps what an enum is as a number only.
        let scalar = match scalar {
            Scalar::Enum(value) => Scalar::long(value.number),
            Scalar::Int(value, _) => Scalar::long(*value),
            Scalar::Char(_) => Scalar::Text(scalar.to_text()),
            other => other.clone(),
        };
        self.put(JToken::value(scalar))
    }

    fn token(&mut self, token: &JToken) -> Result<(), Thrown> {
        self.put(token.deep_clone())
    }

    fn start(&mut self, array: bool) -> Result<(), Thrown> {
        let made = if array { JToken::array() } else { JToken::object() };
        let name = self.name.take();
        self.open.push((made, name));
        Ok(())
    }

    fn name(&mut self, name: &str) {
        self.name = Some(name.to_owned());
    }

    fn end(&mut self) {
        if let Some((made, name)) = self.open.pop() {
            self.name = name;
            // A container under construction takes any new container.
            let _ = self.put(made);
        }
    }

    fn size_bytes(&self) -> usize {
        self.size
    }
}

/// `JsonConvert.SerializeObject(value, formatting)`.
pub(super) fn to_text(cx: &mut Cx<'_>, value: &Value, indented: bool) -> Result<String, Thrown> {
    let formatting = if indented { Formatting::Indented } else { Formatting::None };
    let mut sink = TextSink { writer: JsonWriter::new(formatting) };
    write(cx, value, &mut sink, 0)?;
    Ok(sink.writer.finish())
}

/// `JToken.FromObject(value)`.
pub(super) fn to_token(cx: &mut Cx<'_>, value: &Value) -> Result<JToken, Thrown> {
    if let Some(token) = value.downcast::<Token>() {
        return Ok(token.0.deep_clone());
    }
    let mut sink = TreeSink::default();
    write(cx, value, &mut sink, 0)?;
    Ok(sink.root.unwrap_or_else(JToken::null))
}

/// `JObject.FromObject(value)` and `JArray.FromObject(value)`.
pub(super) fn to_class(cx: &mut Cx<'_>, value: &Value, class: &str) -> Result<JToken, Thrown> {
    let token = to_token(cx, value)?;
    if token.class() == class {
        return Ok(token);
    }
    Err(Exception::new(
        ExceptionKind::Argument,
        format!("Object serialized to {}. {class} instance expected.", token.kind().name()),
    ))
}

fn write(cx: &mut Cx<'_>, value: &Value, sink: &mut dyn Sink, depth: usize) -> Result<(), Thrown> {
    if depth > MAX_DEPTH {
        return Err(Exception::new(
            ExceptionKind::JsonSerialization,
            "Self referencing loop detected: objects are nested too deeply.",
        ));
    }
    cx.step()?;
    let before = sink.size_bytes();
    write_value(cx, value, sink, depth)?;
    if depth == 0 || sink.size_bytes() - before > 4096 {
        cx.charge(sink.size_bytes() - before)?;
    }
    Ok(())
}

fn write_value(cx: &mut Cx<'_>, value: &Value, sink: &mut dyn Sink, depth: usize) -> Result<(), Thrown> {
    match value {
        Value::Char(unit) => return sink.scalar(&Scalar::Char(*unit)),
        Value::Host(..) | Value::Object(_) => {}
        simple => {
            let scalar = scalar_of(cx, simple)?;
            return sink.scalar(&scalar);
        }
    }
    if let Some(token) = value.downcast::<Token>() {
        return sink.token(&token.0);
    }
    if let Some(entries) = value.downcast::<Entries>() {
        return sink.token(&entries.0);
    }
    if let Some(node) = value.downcast::<crate::library::data::xml::Node>() {
        let json = apimite_dotnet::xml::node_to_json(&node.0, false)?;
        return sink.token(&json);
    }
    let ty = value.type_of().unwrap_or_else(Type::object);
    if ty.element() == Some(Type::byte()) || is_uri(ty) {
        let scalar = scalar_of(cx, value)?;
        return sink.scalar(&scalar);
    }
    if let Some(record) = value.downcast::<Record>() {
        let names = member_names(record);
        let parts: Vec<Value> = record.parts.to_vec();
        sink.start(false)?;
        for (name, part) in names.iter().zip(&parts) {
            sink.name(name);
            write(cx, part, sink, depth + 1)?;
        }
        sink.end();
        return Ok(());
    }
    if is_dictionary(cx, ty) {
        return write_dictionary(cx, value, sink, depth);
    }
    if is_sequence(cx, value) {
        let items = cx.collect(value)?;
        sink.start(true)?;
        for item in &items {
            write(cx, item, sink, depth + 1)?;
        }
        sink.end();
        return Ok(());
    }
    write_members(cx, value, ty, sink, depth)
}

/// Names of the parts of an anonymous object, pair or tuple.
fn member_names(record: &Record) -> Vec<String> {
    if let Kind::Anonymous { names, .. } = record.ty.kind() {
        return names.iter().map(ToString::to_string).collect();
    }
    if record.ty.is(&PAIR) {
        return vec!["Key".to_owned(), "Value".to_owned()];
    }
    (1..=record.parts.len()).map(|n| if n == 8 { "Rest".to_owned() } else { format!("Item{n}") }).collect()
}

/// Is the type a dictionary: does it enumerate pairs, and is it indexed by key?
pub(super) fn is_dictionary(cx: &Cx<'_>, ty: Type) -> bool {
    let registry = cx.registry();
    let named = |name: &str| registry.find(name, 2).first().is_some_and(|def| registry.as_instance(ty, def).is_some());
    named("System.Collections.Generic.IDictionary") || named("System.Collections.Generic.IReadOnlyDictionary")
}

fn write_dictionary(cx: &mut Cx<'_>, value: &Value, sink: &mut dyn Sink, depth: usize) -> Result<(), Thrown> {
    let items = cx.collect(value)?;
    sink.start(false)?;
    for item in &items {
        let Some(pair) = item.downcast::<Record>() else { continue };
        let (key, inner) = match &*pair.parts {
            [key, inner] => (key.clone(), inner.clone()),
            _ => continue,
        };
        let name = key_text(cx, &key)?;
        sink.name(name.as_str());
        write(cx, &inner, sink, depth + 1)?;
    }
    sink.end();
    Ok(())
}

/// A key of a dictionary as a member name: dates as in JSON.
fn key_text(cx: &mut Cx<'_>, key: &Value) -> Result<Str, Thrown> {
    match key {
        Value::DateTime(raw) => Ok(Str::from(apimite_dotnet::json::date_text(*raw))),
        Value::DateTimeOffset { ticks, offset } => Ok(Str::from(apimite_dotnet::json::offset_text(*ticks, *offset))),
        other => cx.to_text(other),
    }
}

/// Any other object: its public properties, in order of declaration, those of the type itself first.
fn write_members(cx: &mut Cx<'_>, value: &Value, ty: Type, sink: &mut dyn Sink, depth: usize) -> Result<(), Thrown> {
    sink.start(false)?;
    let mut seen: Vec<&'static str> = Vec::new();
    let mut current = Some(ty);
    while let Some(level) = current.filter(|level| *level != Type::object()) {
        let Some(def) = level.def() else { break };
        for member in cx.registry().all_declared(def) {
            if member.kind != MemberKind::Get || member.is_static || seen.contains(&member.name) {
                continue;
            }
            seen.push(member.name);
            let inner = cx.call_member(&member, level.args(), &mut [value.clone()])?;
            sink.name(member.name);
            write(cx, &inner, sink, depth + 1)?;
        }
        current = cx.registry().base(level);
    }
    sink.end();
    Ok(())
}

/// Is it a sequence type of one element type? Its element.
pub(super) fn element_of(cx: &Cx<'_>, ty: Type) -> Option<Type> {
    let sequence = cx.registry().as_instance(ty, &IENUMERABLE_OF)?;
    sequence.args().first().copied()
}
