//! Writes a template over its values, within a budget.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use apimite_dotnet::time::DateTime;
use apimite_expr::Value;
use apimite_expr::library::data::json::Token;
use apimite_expr::library::data::xml;
use apimite_policy::exchange::Exchange;
use http::HeaderMap;

use super::conditions::{compare, equal};
use super::filters::Input;
use super::parse::{Comparison, Loop, Node, Output, Template, Test};
use super::path::{Expr, Part};
use super::value::{Host, Val, XmlRules};

/// What a template sees as `body`.
pub(crate) enum Bound {
    /// Nothing: there is no body, or its type is neither JSON nor XML.
    Nothing,
    /// JSON.
    Json(apimite_dotnet::json::JToken),
    /// XML: the root element is a member.
    Xml(apimite_dotnet::xml::XObject),
}

/// The attributes of `set-body` that change how values are read.
#[derive(Clone, Copy)]
pub(crate) struct Options {
    pub(crate) nil_is_null: bool,
    pub(crate) dates: bool,
}

/// What one rendering may use up.
#[derive(Clone, Copy)]
pub(crate) struct Budget {
    /// Nodes and items.
    pub(crate) steps: u64,
    /// Bytes of output, captured texts included.
    pub(crate) bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { steps: 2_000_000, bytes: 16 << 20 }
    }
}

/// A rendering used up its budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exceeded;

/// Renders a template.
///
/// # Errors
/// [`Exceeded`]; anything else that goes wrong is written into the text as DotLiquid does it.
pub(crate) fn render(
    template: &Template,
    body: &Bound,
    options: Options,
    exchange: &Exchange,
    budget: Budget,
) -> Result<String, Exceeded> {
    let rules = XmlRules { nil_is_null: options.nil_is_null, dates: options.dates };
    let body = match body {
        Bound::Nothing => Val::Nil,
        Bound::Json(token) => Val::json(token),
        Bound::Xml(root) => {
            // The root is found by its name, whatever the case; an element around it makes it a member.
            let around = apimite_dotnet::xml::XObject::element(apimite_dotnet::xml::XName::new("", "body"));
            let content = apimite_dotnet::xml::Content::Object(root.clone());
            if around.add(&content).is_ok() { Val::Xml(around, rules) } else { Val::Nil }
        }
    };
    let now = DateTime::from_unix_nanos(exchange.clock.now().0);
    let scope = HashMap::from([(Rc::from("body"), body), (Rc::from("context"), Val::Host(Host::Context))]);
    let mut run = Run {
        exchange,
        rules,
        now,
        scopes: vec![HashMap::new()],
        roots: scope,
        counts: HashMap::new(),
        cycles: HashMap::new(),
        continued: HashMap::new(),
        changed: HashMap::new(),
        budget,
        out: String::new(),
    };
    run.nodes(&template.nodes)?;
    Ok(run.out)
}

enum Stop {
    Go,
    Break,
    Continue,
}

struct Run<'a> {
    exchange: &'a Exchange,
    rules: XmlRules,
    now: DateTime,
    scopes: Vec<HashMap<Rc<str>, Val>>,
    roots: HashMap<Rc<str>, Val>,
    counts: HashMap<Arc<str>, i64>,
    cycles: HashMap<Arc<str>, usize>,
    continued: HashMap<Arc<str>, usize>,
    changed: HashMap<usize, String>,
    budget: Budget,
    out: String,
}

impl Run<'_> {
    fn step(&mut self) -> Result<(), Exceeded> {
        self.budget.steps = self.budget.steps.checked_sub(1).ok_or(Exceeded)?;
        Ok(())
    }

    fn write(&mut self, text: &str) -> Result<(), Exceeded> {
        self.budget.bytes = self.budget.bytes.checked_sub(text.len()).ok_or(Exceeded)?;
        self.out.push_str(text);
        Ok(())
    }

    fn nodes(&mut self, nodes: &[Node]) -> Result<Stop, Exceeded> {
        for node in nodes {
            self.step()?;
            let stop = self.node(node)?;
            if !matches!(stop, Stop::Go) {
                return Ok(stop);
            }
        }
        Ok(Stop::Go)
    }

    /// What `nodes` write, as a text of its own.
    fn aside(&mut self, nodes: &[Node]) -> Result<(String, Stop), Exceeded> {
        let outer = std::mem::take(&mut self.out);
        let stop = self.nodes(nodes);
        let text = std::mem::replace(&mut self.out, outer);
        Ok((text, stop?))
    }

    fn node(&mut self, node: &Node) -> Result<Stop, Exceeded> {
        match node {
            Node::Text(text) => self.write(text)?,
            Node::Output(output) => {
                let text = match self.output(output)? {
                    Ok(value) => value.text(),
                    Err(error) => format!("Liquid error: {error}"),
                };
                self.write(&text)?;
            }
            Node::Assign(name, output) => match self.output(output)? {
                Ok(value) => self.assign(name, value),
                Err(error) => self.write(&format!("Liquid error: {error}"))?,
            },
            Node::Capture(name, nodes) => {
                let (text, stop) = self.aside(nodes)?;
                self.assign(name, Val::from(text.as_str()));
                return Ok(stop);
            }
            Node::If(branches) => {
                for (test, nodes) in branches {
                    match self.test(test)? {
                        Ok(true) => return self.nodes(nodes),
                        Ok(false) => {}
                        Err(error) => {
                            self.write(&format!("Liquid error: {error}"))?;
                            break;
                        }
                    }
                }
            }
            Node::Case(of, whens, otherwise) => {
                let of = self.value(of)?;
                for (values, nodes) in whens {
                    for value in values {
                        if equal(&of, &self.value(value)?) {
                            return self.nodes(nodes);
                        }
                    }
                }
                return self.nodes(otherwise);
            }
            Node::For(each) => return self.each(each),
            Node::Cycle(group, values) => {
                let at = self.cycles.entry(group.clone()).or_default();
                let chosen = values.get(*at % values.len().max(1));
                *at += 1;
                if let Some(value) = chosen {
                    let text = self.value(value)?.text();
                    self.write(&text)?;
                }
            }
            Node::IfChanged(number, nodes) => {
                let (text, stop) = self.aside(nodes)?;
                if self.changed.get(number) != Some(&text) {
                    self.write(&text)?;
                    self.changed.insert(*number, text);
                }
                return Ok(stop);
            }
            Node::Count(name, by) => {
                let count = self.counts.entry(name.clone()).or_default();
                let shown = if *by > 0 { *count } else { *count - 1 };
                *count += by;
                self.write(&shown.to_string())?;
            }
            Node::Break => return Ok(Stop::Break),
            Node::Continue => return Ok(Stop::Continue),
        }
        Ok(Stop::Go)
    }

    fn assign(&mut self, name: &str, value: Val) {
        // DotLiquid assigns to the outermost scope.
        if let Some(scope) = self.scopes.first_mut() {
            scope.insert(Rc::from(name), value);
        }
    }

    fn each(&mut self, each: &Loop) -> Result<Stop, Exceeded> {
        let list = self.value(&each.list)?;
        let list = self.settled(list);
        let mut items = list.items().unwrap_or_default();
        self.budget.steps = self.budget.steps.checked_sub(items.len() as u64).ok_or(Exceeded)?;
        let number = |value: Val| value.text().trim().parse::<usize>().unwrap_or(0);
        let from = match &each.offset {
            _ if each.offset_continues => self.continued.get(&each.name).copied().unwrap_or(0),
            Some(offset) => number(self.value(offset)?),
            None => 0,
        };
        let limit = match &each.limit {
            Some(limit) => number(self.value(limit)?),
            None => usize::MAX,
        };
        items = items.into_iter().skip(from).take(limit).collect();
        if each.reversed {
            items.reverse();
        }
        self.continued.insert(each.name.clone(), from + items.len());
        if items.is_empty() {
            return self.nodes(&each.otherwise);
        }
        let length = items.len();
        self.scopes.push(HashMap::new());
        let mut outcome = Ok(Stop::Go);
        for (index, item) in items.into_iter().enumerate() {
            let int = |number: usize| Val::Int(i64::try_from(number).unwrap_or(i64::MAX));
            let forloop: [(&str, Val); 8] = [
                ("name", Val::from(&*each.name)),
                ("length", int(length)),
                ("index", int(index + 1)),
                ("index0", int(index)),
                ("rindex", int(length - index)),
                ("rindex0", int(length - index - 1)),
                ("first", Val::Bool(index == 0)),
                ("last", Val::Bool(index + 1 == length)),
            ];
            let forloop = forloop.into_iter().map(|(name, value)| (Rc::from(name), value)).collect();
            if let Some(scope) = self.scopes.last_mut() {
                scope.insert(Rc::from(&*each.variable), item);
                scope.insert(Rc::from("forloop"), Val::Map(forloop));
            }
            if each.commas && index > 0 {
                outcome = self.write(",").map(|()| Stop::Go);
            }
            if outcome.is_ok() {
                outcome = self.nodes(&each.body);
            }
            match outcome {
                Ok(Stop::Go | Stop::Continue) => outcome = Ok(Stop::Go),
                Ok(Stop::Break) => {
                    outcome = Ok(Stop::Go);
                    break;
                }
                Err(Exceeded) => break,
            }
        }
        self.scopes.pop();
        outcome
    }

    fn output(&mut self, output: &Output) -> Result<Result<Val, String>, Exceeded> {
        let mut of = self.value(&output.of)?;
        if !output.filters.is_empty() {
            of = self.settled(of);
        }
        for filter in &output.filters {
            self.step()?;
            let Some(run) = filter.run else {
                let (name, markup) = (&filter.name, &output.markup);
                return Ok(Err(format!("Error - Filter '{name}' in '{markup}' could not be found.")));
            };
            let mut arguments = Vec::with_capacity(filter.arguments.len());
            for argument in &filter.arguments {
                arguments.push(self.value(argument)?);
            }
            // Walking through items and making texts costs what they are long.
            let cost = of.size().unsigned_abs();
            self.budget.steps = self.budget.steps.checked_sub(cost / 16).ok_or(Exceeded)?;
            of = match run(&Input { of, arguments: &arguments, now: self.now }) {
                Ok(value) => value,
                Err(error) => return Ok(Err(error)),
            };
            if let Val::Text(text) = &of {
                self.budget.bytes.checked_sub(text.len()).ok_or(Exceeded)?;
            }
        }
        Ok(Ok(of))
    }

    /// Comparisons are read from the right: `a and b or c` is `a and (b or c)`.
    fn test(&mut self, test: &Test) -> Result<Result<bool, String>, Exceeded> {
        let Some(first) = &test.first else { return Ok(Ok(true)) };
        let all: Vec<&Comparison> = std::iter::once(first).chain(test.more.iter().map(|(_, next)| next)).collect();
        let mut holds = true;
        for (at, comparison) in all.iter().enumerate().rev() {
            let own = match self.comparison(comparison)? {
                Ok(own) => own,
                Err(error) => return Ok(Err(error)),
            };
            holds = match test.more.get(at) {
                Some((true, _)) => own && holds,
                Some((false, _)) => own || holds,
                None => own,
            };
        }
        Ok(Ok(holds != test.negated))
    }

    fn comparison(&mut self, comparison: &Comparison) -> Result<Result<bool, String>, Exceeded> {
        let left = self.value(&comparison.left)?;
        match &comparison.right {
            None => Ok(Ok(left.is_true())),
            Some((operator, right)) => {
                let right = self.value(right)?;
                Ok(compare(&left, operator, &right))
            }
        }
    }

    fn value(&mut self, expr: &Expr) -> Result<Val, Exceeded> {
        self.step()?;
        match expr {
            Expr::Literal(literal) => Ok(literal.value()),
            Expr::Range(ends) => {
                let end = |value: Val| value.text().trim().parse::<i64>().unwrap_or(0);
                let (from, to) = (end(self.value(&ends.0)?), end(self.value(&ends.1)?));
                let count = u64::try_from(to.saturating_sub(from).saturating_add(1)).unwrap_or(0);
                self.budget.steps = self.budget.steps.checked_sub(count).ok_or(Exceeded)?;
                Ok(Val::List((from..=to).map(Val::Int).collect()))
            }
            Expr::Path(parts) => {
                let mut parts = parts.iter();
                let mut value = match parts.next() {
                    Some(Part::Name(name)) => self.root(name),
                    Some(Part::Index(expr)) => {
                        let name = self.value(expr)?.text();
                        self.root(&name)
                    }
                    None => Val::Nil,
                };
                for part in parts {
                    self.step()?;
                    let next = match part {
                        Part::Name(name) => self.named(&value, name),
                        Part::Index(expr) => match self.value(expr)? {
                            Val::Int(index) => value.at(index),
                            other => self.member(&value, &other.text()),
                        },
                    };
                    match next {
                        Some(next) => value = next,
                        None => return Ok(Val::Nil),
                    }
                }
                Ok(value)
            }
        }
    }

    /// Parts of the context that can be walked through, as maps.
    fn settled(&self, value: Val) -> Val {
        let request = &self.exchange.request;
        match value {
            Val::Host(Host::RequestHeaders) => headers(&request.headers),
            Val::Host(Host::ResponseHeaders) => {
                self.exchange.response.as_ref().map_or(Val::Nil, |r| headers(&r.headers))
            }
            Val::Host(Host::Matched) => {
                let pairs = request.matched.iter().map(|(name, value)| (Rc::from(&**name), Val::from(&**value)));
                Val::Map(pairs.collect())
            }
            Val::Host(Host::Variables) => {
                let all = self.exchange.variables.iter();
                Val::Map(all.map(|(name, value)| (Rc::from(&**name), variable(value, self.rules))).collect())
            }
            other => other,
        }
    }

    fn root(&self, name: &str) -> Val {
        let found = self.scopes.iter().rev().find_map(|scope| scope.get(name)).or_else(|| self.roots.get(name));
        found.cloned().unwrap_or_else(|| self.counts.get(name).map_or(Val::Nil, |count| Val::Int(*count)))
    }

    /// A member, or what `size`, `first` and `last` say of a list.
    fn named(&self, value: &Val, name: &str) -> Option<Val> {
        if let Some(found) = self.member(value, name) {
            return Some(found);
        }
        match name {
            "Size" | "size" if value.items().is_some() => Some(Val::Int(value.size())),
            "First" | "first" => value.items()?.first().cloned(),
            "Last" | "last" => value.items()?.last().cloned(),
            _ => None,
        }
    }

    fn member(&self, value: &Val, name: &str) -> Option<Val> {
        let Val::Host(host) = value else { return value.member(name) };
        let exchange = self.exchange;
        let request = &exchange.request;
        Some(match (host, name) {
            (Host::Context, "Request") => Val::Host(Host::Request),
            (Host::Context, "Response") if exchange.response.is_some() => Val::Host(Host::Response),
            (Host::Context, "Variables") => Val::Host(Host::Variables),
            (Host::Request, "Url") => Val::Host(Host::Url),
            (Host::Request, "OriginalUrl") => Val::Host(Host::OriginalUrl),
            (Host::Request, "Method" | "OriginalMethod") => Val::from(request.method.as_str()),
            (Host::Request, "IpAddress") => Val::from(request.ip.to_string().as_str()),
            (Host::Request, "HasBody") => Val::Bool(!request.body.is_none()),
            (Host::Request, "MatchedParameters") => Val::Host(Host::Matched),
            (Host::Request, "Headers") => Val::Host(Host::RequestHeaders),
            (Host::Response, "StatusCode") => Val::Int(exchange.response.as_ref()?.status.as_u16().into()),
            (Host::Response, "StatusReason") => Val::from(exchange.response.as_ref()?.reason_phrase()),
            (Host::Response, "Method") => Val::from(request.method.as_str()),
            (Host::Response, "Headers") => Val::Host(Host::ResponseHeaders),
            (Host::RequestHeaders, name) => header(&request.headers, name)?,
            (Host::ResponseHeaders, name) => header(&exchange.response.as_ref()?.headers, name)?,
            (Host::Url | Host::OriginalUrl, name) => {
                let url = if *host == Host::Url { request.url() } else { &request.original_url };
                match name {
                    "Scheme" => Val::from(url.scheme.as_str()),
                    "Host" => Val::from(url.host()),
                    "Port" => Val::Int(url.port().into()),
                    "Path" => Val::from(url.path()),
                    "QueryString" => Val::from(url.query().map_or(String::new(), |query| format!("?{query}")).as_str()),
                    "Query" => query(url.query().unwrap_or("")),
                    "ToString" | "ToUri" => Val::from(url.to_string().as_str()),
                    _ => return None,
                }
            }
            (Host::Matched, name) => {
                let found = request.matched.iter().find(|(key, _)| &**key == name);
                found.map(|(_, value)| Val::from(&**value))?
            }
            (Host::Variables, name) => variable(exchange.variables.get(name)?, self.rules),
            _ => return None,
        })
    }
}

/// The values of one header.
fn header(map: &HeaderMap, name: &str) -> Option<Val> {
    let mut values = map.get_all(name).iter().peekable();
    values.peek()?;
    Some(Val::List(values.map(|value| Val::from(&*String::from_utf8_lossy(value.as_bytes()))).collect()))
}

/// A dictionary of the names with their values.
fn headers(map: &HeaderMap) -> Val {
    let names = map.keys().map(|name| {
        let values = map.get_all(name).iter().map(|value| Val::from(&*String::from_utf8_lossy(value.as_bytes())));
        (Rc::from(apimite_policy::context::display_name(name.as_str()).as_str()), Val::List(values.collect()))
    });
    Val::Map(names.collect())
}

fn query(text: &str) -> Val {
    let pairs = apimite_dotnet::web::form_parse(text).into_iter();
    Val::Map(
        pairs
            .map(|(name, values)| (Rc::from(name), Val::List(values.iter().map(|v| Val::from(&**v)).collect())))
            .collect(),
    )
}

fn variable(value: &Value, rules: XmlRules) -> Val {
    match value {
        Value::Null => Val::Nil,
        Value::Bool(flag) => Val::Bool(*flag),
        Value::Int(number) => Val::Int((*number).into()),
        Value::Long(number) => Val::Int(*number),
        Value::Float(number) => Val::Double((*number).into()),
        Value::Double(number) => Val::Double(*number),
        Value::Decimal(number) => Val::Decimal(*number),
        Value::Str(text) => Val::from(text.as_str()),
        Value::DateTime(raw) => DateTime::from_binary(*raw as i64).map_or(Val::Nil, Val::Date),
        Value::Object(_) => {
            if let Some(token) = value.downcast::<Token>() {
                return Val::json(&token.0);
            }
            if let Some(node) = value.downcast::<xml::Node>() {
                return Val::xml(&node.0, rules);
            }
            let json = apimite_policy::context::to_json(value).ok();
            let token = json.and_then(|json| apimite_dotnet::json::parse_without_dates(&json).ok());
            token.as_ref().map_or(Val::Nil, Val::json)
        }
        other => apimite_policy::context::to_text(other).map_or(Val::Nil, |text| Val::from(text.as_str())),
    }
}
