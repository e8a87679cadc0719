//! Reading JSON text as `JsonTextReader` does: lenient, with its positions and its words.

mod lexical;
mod tree;

use smallvec::SmallVec;
use smol_str::SmolStr;

use super::dates::parse_date;
use super::doc::{Data, Doc, Members, NONE, Node};
use super::path::Place;
use super::scalar::{JTokenType, Scalar};
use super::token::JToken;
use crate::{Exception, ExceptionKind, Thrown};

/// Containers inside each other; one more is refused.
pub(super) const MAX_DEPTH: usize = 64;

/// A document with the place of every value in its text.
pub struct Parsed {
    /// The root; `None` where the text holds nothing.
    pub token: Option<JToken>,
    /// Byte range of the text of every node, by number.
    pub(super) marks: Vec<(u32, u32)>,
    /// Strings that could be dates were left as strings.
    pub(super) text: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Want {
    Object,
    Array,
    Any,
}

impl Want {
    const fn class(self) -> &'static str {
        match self {
            Self::Object => "JObject",
            Self::Array => "JArray",
            Self::Any => "JToken",
        }
    }
}

/// `JObject.Parse`.
///
/// # Errors
/// `JsonReaderException`.
pub fn parse_object(text: &str) -> Result<JToken, Thrown> {
    Parser::new(text, true, false).document(Want::Object)
}

/// `JArray.Parse`.
///
/// # Errors
/// `JsonReaderException`.
pub fn parse_array(text: &str) -> Result<JToken, Thrown> {
    Parser::new(text, true, false).document(Want::Array)
}

/// `JToken.Parse`.
///
/// # Errors
/// `JsonReaderException`.
pub fn parse(text: &str) -> Result<JToken, Thrown> {
    Parser::new(text, true, false).document(Want::Any)
}

/// `JToken.ReadFrom` with `DateParseHandling.None`: strings that look like dates stay strings.
///
/// # Errors
/// `JsonReaderException`.
pub fn parse_without_dates(text: &str) -> Result<JToken, Thrown> {
    Parser::new(text, false, false).document(Want::Any)
}

/// Reads a text for `JsonConvert.DeserializeObject`: dates stay strings, every value remembers its place, an empty text is nothing.
///
/// # Errors
/// `JsonReaderException`.
pub fn parse_marked(text: &str) -> Result<Parsed, Thrown> {
    let mut parser = Parser::new(text, false, true);
    let token = loop {
        match parser.first()? {
            None => break None,
            Some(root) if matches!(parser.nodes[root as usize].data, Data::Value(Scalar::Comment(_))) => {}
            Some(root) => break Some(root),
        }
    };
    if token.is_some() {
        parser.finished()?;
    }
    let marks = std::mem::take(&mut parser.marks);
    Ok(Parsed { token: token.map(|root| parser.handle(root)), marks, text: text.to_owned() })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    Value,
    ObjectMember,
    Post,
    Finished,
}

struct Frame {
    id: u32,
    kind: JTokenType,
    /// Where its children start among the collected ones.
    base: usize,
    /// A member or element was begun.
    begun: bool,
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    pos: usize,
    at: At,
    dates: bool,
    nodes: SmallVec<[Node; 1]>,
    marks: Vec<(u32, u32)>,
    marking: bool,
    frames: Vec<Frame>,
    kids: Vec<u32>,
    /// A value that could not be read was already counted as an element.
    counted: bool,
}

fn is_space(c: char) -> bool {
    c.is_whitespace() && c != '\u{200b}'
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, dates: bool, marking: bool) -> Self {
        let nodes = SmallVec::with_capacity(text.len() / 12 + 2);
        let marks = Vec::new();
        Self {
            text,
            bytes: text.as_bytes(),
            pos: 0,
            at: At::Start,
            dates,
            nodes,
            marks,
            marking,
            frames: Vec::new(),
            kids: Vec::new(),
            counted: false,
        }
    }

    fn handle(self, root: u32) -> JToken {
        JToken::at(Doc::new(self.nodes), root)
    }

    fn document(mut self, want: Want) -> Result<JToken, Thrown> {
        let class = want.class();
        let root = loop {
            let before = self.pos;
            let Some(root) = self.begin()? else {
                self.pos = self.pos.max(before);
                return Err(self.error(&format!("Error reading {class} from JsonReader.")));
            };
            if want != Want::Any && matches!(self.nodes[root as usize].data, Data::Value(Scalar::Comment(_))) {
                continue;
            }
            break root;
        };
        let data = &self.nodes[root as usize].data;
        let fits = match want {
            Want::Any => true,
            Want::Object => matches!(data, Data::Object(_)),
            Want::Array => matches!(data, Data::Array(_)),
        };
        if !fits {
            let found = self.token_name(root);
            let what = if want == Want::Object { "an object" } else { "an array" };
            return Err(self.error(&format!(
                "Error reading {class} from JsonReader. Current JsonReader item is not {what}: {found}"
            )));
        }
        if matches!(data, Data::Value(Scalar::Comment(_))) {
            // A leading comment is the value; what follows only has to be readable.
            while let Some(next) = self.first()? {
                if !matches!(self.nodes[next as usize].data, Data::Value(Scalar::Comment(_))) {
                    break;
                }
            }
        } else {
            self.fill()?;
        }
        if self.at == At::Finished {
            self.finished()?;
        }
        Ok(self.handle(root))
    }

    /// Name of the `JsonToken` that starts this node.
    fn token_name(&self, id: u32) -> &'static str {
        match &self.nodes[id as usize].data {
            Data::Object(_) => "StartObject",
            Data::Array(_) => "StartArray",
            Data::Constructor(_) => "StartConstructor",
            Data::Property(..) => "PropertyName",
            Data::Value(scalar) => scalar.kind().name(),
        }
    }

    /// Reads one whole top-level value.
    fn first(&mut self) -> Result<Option<u32>, Thrown> {
        let root = self.begin()?;
        if root.is_some() {
            self.fill()?;
        }
        Ok(root)
    }

    /// Reads the first token of a top-level value.
    fn begin(&mut self) -> Result<Option<u32>, Thrown> {
        if self.at == At::Finished {
            return self.finished().map(|()| None);
        }
        self.value()
    }

    /// Reads to the end of the containers that are open.
    fn fill(&mut self) -> Result<(), Thrown> {
        let Some(class) = self.frames.first().map(|frame| frame.kind) else { return Ok(()) };
        while !self.frames.is_empty() {
            let more = match self.at {
                At::Start | At::Value => self.value()?.is_some() || self.frames.is_empty() || self.at == At::Post,
                At::ObjectMember => self.member()?,
                At::Post => self.post()?,
                At::Finished => false,
            };
            if !more {
                let name = match class {
                    JTokenType::Object => "JObject",
                    JTokenType::Array => "JArray",
                    _ => "JConstructor",
                };
                return Err(self.error(&format!("Unexpected end of content while loading {name}.")));
            }
        }
        Ok(())
    }

    fn error(&self, message: &str) -> Thrown {
        self.error_at(message, self.pos)
    }

    fn error_at(&self, message: &str, pos: usize) -> Thrown {
        let mut path = String::new();
        let last = self.frames.len().wrapping_sub(1);
        for (index, frame) in self.frames.iter().enumerate() {
            if !frame.begun {
                continue;
            }
            let elements = self.frames.get(index + 1).map_or(self.kids.len(), |next| next.base) - frame.base;
            if frame.kind == JTokenType::Object {
                let name = self.kids[..self.frames.get(index + 1).map_or(self.kids.len(), |next| next.base)].last();
                if let Some(Data::Property(name, _)) = name.map(|id| &self.nodes[*id as usize].data) {
                    Place::Name(name).write(&mut path);
                }
            } else {
                let at = if index == last && !self.counted { elements.saturating_sub(1) } else { elements };
                Place::Index(at).write(&mut path);
            }
        }
        let (line, column) = line_and_column(self.text, pos);
        let line = if self.at == At::Start && column == 0 { 0 } else { line };
        let message = message.trim();
        let stop = if message.ends_with('.') { "" } else { "." };
        Exception::new(
            ExceptionKind::JsonReader,
            format!("{message}{stop} Path '{path}', line {line}, position {column}."),
        )
    }

    fn char_at(&self, pos: usize) -> Option<char> {
        self.text.get(pos..).and_then(|rest| rest.chars().next())
    }

    /// The character here, `\0` at the end of the text.
    fn here(&self) -> char {
        self.char_at(self.pos).unwrap_or('\0')
    }

    fn eat_space(&mut self) {
        while let Some(byte) = self.bytes.get(self.pos) {
            match byte {
                b' ' | b'\n' | b'\r' | b'\t' | 0 | 0x0b | 0x0c | 0x1c..=0x1f => self.pos += 1,
                0x80.. => match self.char_at(self.pos) {
                    Some(c) if is_space(c) => self.pos += c.len_utf8(),
                    _ => return,
                },
                _ => return,
            }
        }
    }

    /// Only white space and comments may be left.
    fn finished(&mut self) -> Result<(), Thrown> {
        loop {
            self.eat_space();
            match self.bytes.get(self.pos) {
                None => return Ok(()),
                Some(b'/') => drop(self.comment()?),
                Some(_) => {
                    let c = self.here();
                    return Err(
                        self.error(&format!("Additional text encountered after finished reading JSON content: {c}."))
                    );
                }
            }
        }
    }

    /// Reads the next token where a value may stand. `None`: the text ended, or a container was closed.
    fn value(&mut self) -> Result<Option<u32>, Thrown> {
        loop {
            self.eat_space();
            let from = self.pos;
            let Some(byte) = self.bytes.get(self.pos) else { return Ok(None) };
            return Ok(Some(match byte {
                b'"' | b'\'' => {
                    self.pos += 1;
                    let text = self.string(*byte)?;
                    let date = if self.dates { parse_date(&text) } else { None };
                    self.scalar(date.map_or(Scalar::Text(text), Scalar::Date), from)
                }
                b'{' => {
                    self.pos += 1;
                    self.open(JTokenType::Object, Data::Object(Members::default()), from)?
                }
                b'[' => {
                    self.pos += 1;
                    self.open(JTokenType::Array, Data::Array(Vec::new()), from)?
                }
                b']' | b')' => {
                    self.pos += 1;
                    self.close(if *byte == b']' { JTokenType::Array } else { JTokenType::Constructor })?;
                    return Ok(None);
                }
                b',' => self.scalar(Scalar::Undefined, from),
                b'0'..=b'9' | b'.' => self.number(from)?,
                b'-' if self.bytes.get(self.pos + 1) == Some(&b'I') => {
                    self.word("-Infinity", "-Infinity value", Scalar::Double(f64::NEG_INFINITY))?
                }
                b'-' => self.number(from)?,
                b't' => self.word("true", "boolean value", Scalar::Bool(true))?,
                b'f' => self.word("false", "boolean value", Scalar::Bool(false))?,
                b'u' => self.word("undefined", "undefined value", Scalar::Undefined)?,
                b'N' => self.word("NaN", "NaN value", Scalar::Double(f64::NAN))?,
                b'I' => self.word("Infinity", "Infinity value", Scalar::Double(f64::INFINITY))?,
                b'n' => match self.bytes.get(self.pos + 1) {
                    Some(b'u') => self.word("null", "null value", Scalar::Null)?,
                    Some(b'e') => self.constructor()?,
                    Some(_) => return Err(self.unexpected('n')),
                    None => {
                        self.pos += 1;
                        return Err(self.error("Unexpected end when reading JSON."));
                    }
                },
                b'/' => {
                    let text = self.comment()?;
                    if !self.frames.is_empty() {
                        continue;
                    }
                    self.add(Data::Value(Scalar::Comment(text)), from)
                }
                _ => {
                    let c = self.here();
                    if c.is_numeric() {
                        return Err(self.error(&format!("Unexpected character encountered while parsing number: {c}.")));
                    }
                    return Err(self.unexpected(c));
                }
            }));
        }
    }

    fn unexpected(&self, c: char) -> Thrown {
        self.error(&format!("Unexpected character encountered while parsing value: {c}."))
    }

    /// The next member, or the end of the object. `false`: the text ended.
    fn member(&mut self) -> Result<bool, Thrown> {
        self.eat_space();
        let from = self.pos;
        match self.bytes.get(self.pos) {
            None => return Ok(false),
            Some(b'}') => {
                self.pos += 1;
                self.close(JTokenType::Object)?;
                return Ok(true);
            }
            Some(b'/') => {
                self.comment()?;
                return Ok(true);
            }
            Some(_) => {}
        }
        let name = match self.bytes[self.pos] {
            quote @ (b'"' | b'\'') => {
                self.pos += 1;
                self.string(quote)?
            }
            _ => self.bare_name()?,
        };
        self.eat_space();
        if self.bytes.get(self.pos) != Some(&b':') {
            let c = self.here();
            return Err(
                self.error(&format!("Invalid character after parsing property name. Expected ':' but got: {c}."))
            );
        }
        self.pos += 1;
        let id = self.add(Data::Property(name, NONE), from);
        if let Some(frame) = self.frames.last_mut() {
            frame.begun = true;
            self.nodes[id as usize].parent = frame.id;
        }
        self.kids.push(id);
        self.at = At::Value;
        Ok(true)
    }

    /// What stands behind a value inside a container. `false`: the text ended.
    fn post(&mut self) -> Result<bool, Thrown> {
        self.eat_space();
        let Some(byte) = self.bytes.get(self.pos) else { return Ok(false) };
        match byte {
            b'}' | b']' | b')' => {
                self.pos += 1;
                self.close(match byte {
                    b'}' => JTokenType::Object,
                    b']' => JTokenType::Array,
                    _ => JTokenType::Constructor,
                })?;
            }
            b',' => {
                self.pos += 1;
                let object = self.frames.last().is_some_and(|frame| frame.kind == JTokenType::Object);
                self.at = if object { At::ObjectMember } else { At::Value };
            }
            b'/' => drop(self.comment()?),
            _ => {
                let c = self.here();
                return Err(self.error(&format!("After parsing a value an unexpected character was encountered: {c}.")));
            }
        }
        Ok(true)
    }
}

/// Line from 1 and column from 0, in UTF-16 units, of a byte offset.
pub(super) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..offset.min(text.len())];
    let bytes = before.as_bytes();
    let mut line = 1;
    let mut start = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let carriage = *byte == b'\r' && text.as_bytes().get(at + 1) != Some(&b'\n');
        if *byte == b'\n' || carriage {
            line += 1;
            start = at + 1;
        }
    }
    (line, before[start..].chars().map(char::len_utf16).sum())
}
