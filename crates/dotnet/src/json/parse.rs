//! Reading JSON text as `JsonTextReader` does: lenient, with its positions and its words.

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

    fn add(&mut self, data: Data, from: usize) -> u32 {
        let id = self.nodes.len() as u32;
        self.nodes.push(Node { parent: NONE, data });
        if self.marking {
            self.marks.push((from as u32, self.pos as u32));
        }
        id
    }

    /// Hangs a node under the innermost container. Comments are dropped inside containers.
    fn attach(&mut self, id: u32) {
        let Some(frame) = self.frames.last_mut() else { return };
        if frame.kind == JTokenType::Object {
            if let Some(property) = self.kids.last().copied() {
                if let Data::Property(_, value) = &mut self.nodes[property as usize].data {
                    *value = id;
                }
                self.nodes[id as usize].parent = property;
            }
        } else {
            frame.begun = true;
            self.nodes[id as usize].parent = frame.id;
            self.kids.push(id);
        }
    }

    fn scalar(&mut self, scalar: Scalar, from: usize) -> u32 {
        let id = self.add(Data::Value(scalar), from);
        self.attach(id);
        self.at = if self.frames.is_empty() { At::Finished } else { At::Post };
        id
    }

    fn open(&mut self, kind: JTokenType, data: Data, from: usize) -> Result<u32, Thrown> {
        let id = self.add(data, from);
        if self.frames.len() == MAX_DEPTH {
            if let Some(frame) = self.frames.last_mut() {
                frame.begun = true;
            }
            self.counted = true;
            self.at = At::Value;
            return Err(self.error(&format!("The reader's MaxDepth of {MAX_DEPTH} has been exceeded.")));
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.begun = true;
        }
        self.frames.push(Frame { id, kind, base: self.kids.len(), begun: false });
        self.at = if kind == JTokenType::Object { At::ObjectMember } else { At::Value };
        Ok(id)
    }

    /// Closes the innermost container, which must be of that kind.
    fn close(&mut self, kind: JTokenType) -> Result<(), Thrown> {
        let Some(frame) = self.frames.pop() else {
            self.at = At::Finished;
            return Err(self.error(&format!("JsonToken End{} is not valid for closing JsonType None.", kind.name())));
        };
        let list = self.kids.split_off(frame.base);
        if frame.kind != kind {
            self.counted = true;
            self.at = At::Post;
            let found = frame.kind.name();
            return Err(self.error(&format!("JsonToken End{} is not valid for closing JsonType {found}.", kind.name())));
        }
        if self.marking {
            self.marks[frame.id as usize].1 = self.pos as u32;
        }
        let list = if kind == JTokenType::Object { self.last_wins(list) } else { list };
        match &mut self.nodes[frame.id as usize].data {
            Data::Object(members) => members.list = list,
            Data::Array(kids) => *kids = list,
            Data::Constructor(parts) => parts.1 = list,
            Data::Property(..) | Data::Value(_) => {}
        }
        self.attach(frame.id);
        self.at = if self.frames.is_empty() { At::Finished } else { At::Post };
        Ok(())
    }

    /// Of several members with one name the last stays, in the place of the first.
    fn last_wins(&self, mut list: Vec<u32>) -> Vec<u32> {
        let name = |nodes: &[Node], id: u32| match &nodes[id as usize].data {
            Data::Property(name, _) => name.clone(),
            _ => SmolStr::default(),
        };
        let doubled = if list.len() <= 16 {
            let nodes = &self.nodes;
            let same = |a: u32, b: u32| match (&nodes[a as usize].data, &nodes[b as usize].data) {
                (Data::Property(a, _), Data::Property(b, _)) => a == b,
                _ => false,
            };
            list.iter().enumerate().any(|(at, id)| list[..at].iter().any(|other| same(*id, *other)))
        } else {
            true
        };
        if doubled {
            let mut first = std::collections::HashMap::with_capacity_and_hasher(list.len(), ahash::RandomState::new());
            let mut kept: Vec<u32> = Vec::with_capacity(list.len());
            for id in list {
                match first.entry(name(&self.nodes, id)) {
                    std::collections::hash_map::Entry::Vacant(entry) => {
                        entry.insert(kept.len());
                        kept.push(id);
                    }
                    std::collections::hash_map::Entry::Occupied(entry) => kept[*entry.get()] = id,
                }
            }
            list = kept;
        }
        list
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

    fn bare_name(&mut self) -> Result<SmolStr, Thrown> {
        let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        let start = self.pos;
        if !is_name(self.here()) {
            let c = self.here();
            return Err(self.error(&format!("Invalid property identifier character: {c}.")));
        }
        loop {
            match self.char_at(self.pos) {
                None => return Err(self.error("Unexpected end while parsing unquoted property name.")),
                Some(c) if is_name(c) => self.pos += c.len_utf8(),
                Some(c) if c == ':' || c == '\0' || is_space(c) => {
                    return Ok(SmolStr::new(&self.text[start..self.pos]));
                }
                Some(c) => {
                    return Err(self.error(&format!("Invalid JavaScript property identifier character: {c}.")));
                }
            }
        }
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

    fn word(&mut self, word: &str, what: &str, scalar: Scalar) -> Result<u32, Thrown> {
        let from = self.pos;
        self.match_word(word, what)?;
        Ok(self.scalar(scalar, from))
    }

    fn match_word(&mut self, word: &str, what: &str) -> Result<(), Thrown> {
        let rest = &self.bytes[self.pos..];
        if rest.len() < word.len() && self.text[self.pos..].chars().map(char::len_utf16).sum::<usize>() < word.len() {
            self.pos = self.bytes.len();
            return Err(self.error("Unexpected end when reading JSON."));
        }
        let same = rest.iter().zip(word.as_bytes()).take_while(|(a, b)| a == b).count();
        self.pos += same;
        if same < word.len() || !self.at_separator() {
            let message = if what.is_empty() {
                "Unexpected content while parsing JSON.".to_owned()
            } else {
                format!("Error parsing {what}.")
            };
            return Err(self.error(&message));
        }
        Ok(())
    }

    fn at_separator(&self) -> bool {
        match self.char_at(self.pos) {
            None | Some('}' | ']' | ',' | '\0') => true,
            Some('/') => matches!(self.bytes.get(self.pos + 1), Some(b'*' | b'/')),
            Some(')') => self.frames.last().is_some_and(|frame| frame.kind == JTokenType::Constructor),
            Some(c) => is_space(c),
        }
    }

    fn constructor(&mut self) -> Result<u32, Thrown> {
        let from = self.pos;
        self.match_word("new", "")?;
        self.eat_space();
        let start = self.pos;
        while let Some(c) = self.char_at(self.pos).filter(|c| c.is_alphanumeric()) {
            self.pos += c.len_utf8();
        }
        match self.char_at(self.pos) {
            None => return Err(self.error("Unexpected end while parsing constructor.")),
            Some(c) if c == '(' || c == '\0' || is_space(c) => {}
            Some(c) => return Err(self.error(&format!("Unexpected character while parsing constructor: {c}."))),
        }
        let name = SmolStr::new(&self.text[start..self.pos]);
        if name.is_empty() {
            return Err(self.error("Empty constructor name."));
        }
        self.eat_space();
        if self.bytes.get(self.pos) != Some(&b'(') {
            let c = self.here();
            return Err(self.error(&format!("Unexpected character while parsing constructor: {c}.")));
        }
        self.pos += 1;
        self.open(JTokenType::Constructor, Data::Constructor(Box::new((name, Vec::new()))), from)
    }

    fn comment(&mut self) -> Result<SmolStr, Thrown> {
        self.pos += 1;
        let line = match self.bytes.get(self.pos) {
            Some(b'*') => false,
            Some(b'/') => true,
            None => return Err(self.error("Unexpected end while parsing comment.")),
            Some(_) => {
                let c = self.here();
                return Err(self.error(&format!("Error parsing comment. Expected: *, got {c}.")));
            }
        };
        self.pos += 1;
        let start = self.pos;
        let rest = &self.text[start..];
        if line {
            let length = rest.find(['\r', '\n']).unwrap_or(rest.len());
            self.pos += length;
            return Ok(SmolStr::new(&rest[..length]));
        }
        let Some(length) = rest.find("*/") else {
            self.pos = self.bytes.len();
            return Err(self.error("Unexpected end while parsing comment."));
        };
        self.pos += length + 2;
        Ok(SmolStr::new(&rest[..length]))
    }

    /// The rest of a string behind its opening quote.
    fn string(&mut self, quote: u8) -> Result<SmolStr, Thrown> {
        let start = self.pos;
        let stop = |bytes: &[u8]| bytes.iter().position(|b| *b == quote || *b == b'\\');
        let open = |parser: &mut Self| {
            parser.pos = parser.bytes.len();
            Err(parser.error(&format!("Unterminated string. Expected delimiter: {}.", char::from(quote))))
        };
        let Some(length) = stop(&self.bytes[start..]) else { return open(self) };
        self.pos += length;
        if self.bytes[self.pos] == quote {
            self.pos += 1;
            return Ok(SmolStr::new(&self.text[start..self.pos - 1]));
        }
        let mut text = String::from(&self.text[start..self.pos]);
        loop {
            // Here stands a backslash.
            self.pos += 1;
            let Some(c) = self.char_at(self.pos) else { return open(self) };
            self.pos += c.len_utf8();
            match c {
                'b' => text.push('\u{8}'),
                't' => text.push('\t'),
                'n' => text.push('\n'),
                'f' => text.push('\u{c}'),
                'r' => text.push('\r'),
                '\\' | '"' | '\'' | '/' => text.push(c),
                'u' => self.unicode(&mut text)?,
                _ => return Err(self.error(&format!("Bad JSON escape sequence: \\{c}."))),
            }
            let from = self.pos;
            let Some(length) = stop(&self.bytes[from..]) else { return open(self) };
            self.pos += length;
            text.push_str(&self.text[from..self.pos]);
            if self.bytes[self.pos] == quote {
                self.pos += 1;
                return Ok(SmolStr::from(text));
            }
        }
    }

    /// One `\uXXXX`, joined with the next one where the two are a pair. Half a pair becomes U+FFFD.
    fn unicode(&mut self, text: &mut String) -> Result<(), Thrown> {
        let mut unit = self.hex()?;
        loop {
            if !(0xd800..0xdc00).contains(&unit) {
                text.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
                return Ok(());
            }
            if self.bytes.get(self.pos..self.pos + 2) != Some(b"\\u") {
                text.push(char::REPLACEMENT_CHARACTER);
                return Ok(());
            }
            self.pos += 2;
            let next = self.hex()?;
            if (0xdc00..0xe000).contains(&next) {
                let code = 0x10000 + ((unit - 0xd800) << 10) + (next - 0xdc00);
                text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                return Ok(());
            }
            text.push(char::REPLACEMENT_CHARACTER);
            unit = next;
        }
    }

    fn hex(&mut self) -> Result<u32, Thrown> {
        let units: Vec<char> = self.text[self.pos..].chars().take(4).collect();
        if units.len() < 4 {
            return Err(self.error("Unexpected end while parsing Unicode escape sequence."));
        }
        let digits: String = units.into_iter().collect();
        match u32::from_str_radix(&digits, 16) {
            Ok(unit) if digits.len() == 4 && !digits.starts_with('+') => {
                self.pos += 4;
                Ok(unit)
            }
            _ => Err(self.error(&format!("Invalid Unicode escape sequence: \\u{digits}."))),
        }
    }

    fn number(&mut self, from: usize) -> Result<u32, Thrown> {
        while let Some(byte) = self.bytes.get(self.pos) {
            match byte {
                b'0'..=b'9' | b'-' | b'+' | b'.' | b'a'..=b'f' | b'A'..=b'F' | b'x' | b'X' => self.pos += 1,
                b' ' | b'\t' | b'\r' | b'\n' | b',' | b'}' | b']' | b')' | b'/' | 0 => break,
                _ => {
                    let c = self.here();
                    if is_space(c) {
                        break;
                    }
                    return Err(self.error(&format!("Unexpected character encountered while parsing number: {c}.")));
                }
            }
        }
        let text = &self.text[from..self.pos];
        match read_number(text) {
            Ok(scalar) => Ok(self.scalar(scalar, from)),
            Err(message) => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.begun = true;
                }
                self.counted = true;
                self.at = At::Post;
                Err(self.error(&message))
            }
        }
    }
}

/// A JSON number: integer, hexadecimal, octal or float.
pub(super) fn read_number(text: &str) -> Result<Scalar, String> {
    let bytes = text.as_bytes();
    let wrong = || format!("Input string '{text}' is not a valid number.");
    if bytes.len() > 1 && bytes[0] == b'0' && !matches!(bytes[1], b'.' | b'e' | b'E') {
        let (digits, radix) = if matches!(bytes[1], b'x' | b'X') { (&text[2..], 16) } else { (text, 8) };
        let valid = !digits.is_empty() && digits.bytes().all(|b| char::from(b).is_digit(radix));
        return match u64::from_str_radix(digits, radix) {
            Ok(value) if valid => Ok(Scalar::long(value.cast_signed())),
            _ => Err(wrong()),
        };
    }
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, bytes),
    };
    if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) {
        if digits.len() <= 18 {
            let value = digits.iter().fold(0_i64, |value, digit| value * 10 + i64::from(digit - b'0'));
            return Ok(Scalar::long(if negative { -value } else { value }));
        }
        if let Ok(value) = text.parse::<i64>() {
            return Ok(Scalar::long(value));
        }
        if text.len() > 380 {
            return Err(format!("JSON integer {text} is too large to parse."));
        }
        let digits = text.trim_start_matches('-').trim_start_matches('0');
        return Ok(Scalar::Big(if negative { format!("-{digits}") } else { digits.to_owned() }.into()));
    }
    let float = bytes.iter().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'));
    text.parse::<f64>().ok().filter(|_| float).map(Scalar::Double).ok_or_else(wrong)
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
