//! Reads a template into a tree.

use std::ops::Range;
use std::sync::Arc;

use super::filters;
use super::path::Expr;
use super::tokens::{Token, split, tokens, words};

/// Deepest nesting of tags.
const MAX_DEPTH: usize = 100;

/// A template that was read.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub(super) nodes: Vec<Node>,
    /// Does it name `body`?
    pub(crate) reads_body: bool,
    /// Filters that do not exist, with the place of each.
    pub(crate) unknown_filters: Vec<Mistake>,
}

/// Why a template cannot be read, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// Bytes of the template.
    pub(crate) at: Range<usize>,
    /// One sentence.
    pub(crate) message: String,
    /// What to do.
    pub(crate) help: String,
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    Text(Arc<str>),
    Output(Output),
    Assign(Arc<str>, Output),
    Capture(Arc<str>, Vec<Node>),
    /// Conditions with their nodes in order; `else` is a condition without comparisons.
    If(Vec<(Test, Vec<Node>)>),
    Case(Expr, Vec<(Vec<Expr>, Vec<Node>)>, Vec<Node>),
    For(Box<Loop>),
    Cycle(Arc<str>, Vec<Expr>),
    IfChanged(usize, Vec<Node>),
    /// Name, and by how much.
    Count(Arc<str>, i64),
    Break,
    Continue,
}

/// `expression | Filter: a, b`
#[derive(Clone, Debug)]
pub(super) struct Output {
    pub(super) of: Expr,
    pub(super) filters: Vec<Filter>,
    /// As written, for error texts.
    pub(super) markup: Arc<str>,
}

#[derive(Clone, Debug)]
pub(super) struct Filter {
    pub(super) name: Arc<str>,
    pub(super) run: Option<filters::Run>,
    pub(super) arguments: Vec<Expr>,
}

/// What a condition compares: the first, and each further one behind `and` (true) or `or`, read from the right.
#[derive(Clone, Debug, Default)]
pub(super) struct Test {
    pub(super) negated: bool,
    pub(super) first: Option<Comparison>,
    pub(super) more: Vec<(bool, Comparison)>,
}

#[derive(Clone, Debug)]
pub(super) struct Comparison {
    pub(super) left: Expr,
    pub(super) right: Option<(Arc<str>, Expr)>,
}

#[derive(Clone, Debug)]
pub(super) struct Loop {
    pub(super) variable: Arc<str>,
    pub(super) list: Expr,
    /// Name for `forloop.name` and for `offset: continue`.
    pub(super) name: Arc<str>,
    pub(super) reversed: bool,
    pub(super) limit: Option<Expr>,
    pub(super) offset: Option<Expr>,
    pub(super) offset_continues: bool,
    pub(super) body: Vec<Node>,
    pub(super) otherwise: Vec<Node>,
    /// What stands around the items.
    pub(super) form: Form,
}

/// What a loop writes around its items.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// Nothing.
    Plain,
    /// `JSONArrayFor`: a comma between them.
    Commas,
    /// `tablerow`: rows and cells of HTML; so many cells in a row.
    Table(Option<Expr>),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// The first [`Mistake`]: a tag that does not exist, is not closed, or does not read.
    pub(crate) fn read(text: &str) -> Result<Self, Mistake> {
        let mut reader = Reader { tokens: tokens(text)?, at: 0, changed: 0, roots: Vec::new(), unknown: Vec::new() };
        let (nodes, end) = reader.nodes(&[], 0)?;
        if let Some((tag, at)) = end {
            return Err(unexpected(&tag, at));
        }
        let reads_body = reader.roots.iter().any(|root| root == "body");
        Ok(Self { nodes, reads_body, unknown_filters: reader.unknown })
    }
}

pub(super) fn mistake(at: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Mistake {
    Mistake { at, message: message.into(), help: help.into() }
}

fn unexpected(tag: &str, at: Range<usize>) -> Mistake {
    mistake(at, format!("`{tag}` stands outside of the tag it belongs to"), "remove it, or open the tag before it")
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    changed: usize,
    roots: Vec<String>,
    unknown: Vec<Mistake>,
}

type End = Option<(String, Range<usize>)>;

impl Reader {
    /// Nodes up to a tag that is one of `ends` (its markup goes with it), or the end of the template.
    fn nodes(&mut self, ends: &[&str], depth: usize) -> Result<(Vec<Node>, End), Mistake> {
        let mut nodes = Vec::new();
        while let Some(token) = self.tokens.get(self.at) {
            self.at += 1;
            match token {
                Token::Text(text) => nodes.push(Node::Text(text.clone())),
                Token::Output(markup, at) => {
                    let (markup, at) = (markup.clone(), at.clone());
                    let output = self.output(&markup, at);
                    nodes.push(Node::Output(output));
                }
                Token::Tag(name, markup, at) => {
                    let (name, markup, at) = (name.clone(), markup.clone(), at.clone());
                    if ends.contains(&name.as_str()) {
                        let tag = if markup.is_empty() { name } else { format!("{name} {markup}") };
                        return Ok((nodes, Some((tag, at))));
                    }
                    if depth >= MAX_DEPTH {
                        return Err(mistake(at, "tags are nested too deeply", "flatten the template"));
                    }
                    nodes.push(self.tag(&name, &markup, at, depth)?);
                }
            }
        }
        Ok((nodes, None))
    }

    /// Nodes up to one of `ends`, which must come.
    fn inside(
        &mut self,
        ends: &[&str],
        opened: (&str, &Range<usize>),
        depth: usize,
    ) -> Result<(Vec<Node>, String), Mistake> {
        match self.nodes(ends, depth + 1)? {
            (nodes, Some((tag, _))) => Ok((nodes, tag)),
            (_, None) => {
                let (name, at) = opened;
                Err(mistake(at.clone(), format!("`{name}` is not closed"), format!("add `{{% end{name} %}}`")))
            }
        }
    }

    fn expr(&mut self, text: &str) -> Expr {
        let expr = Expr::read(text);
        expr.roots(&mut |name| self.roots.push(name.to_owned()));
        expr
    }

    fn output(&mut self, markup: &str, at: Range<usize>) -> Output {
        let mut parts = split(markup, |c| c == '|').into_iter();
        let of = self.expr(parts.next().unwrap_or(""));
        let mut filters = Vec::new();
        for part in parts {
            let part = part.trim();
            let end = part.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(part.len());
            let (name, rest) = part.split_at(end);
            if name.is_empty() {
                continue;
            }
            let rest = rest.trim_start().strip_prefix(':').unwrap_or("");
            let arguments = split(rest, |c| c == ',').into_iter().map(str::trim).filter(|text| !text.is_empty());
            let arguments = arguments.map(|text| self.expr(text)).collect();
            let run = filters::find(name);
            if run.is_none() {
                let help = match apimite_diag::nearest(name, filters::names()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "filters have C# names, such as `Upcase`".to_owned(),
                };
                let message = format!("there is no filter `{name}`: it writes an error into the body");
                self.unknown.push(mistake(at.clone(), message, help));
            }
            filters.push(Filter { name: name.into(), run, arguments });
        }
        Output { of, filters, markup: markup.into() }
    }

    fn tag(&mut self, name: &str, markup: &str, at: Range<usize>, depth: usize) -> Result<Node, Mistake> {
        let bad = |help: &str| mistake(at.clone(), format!("`{name}` cannot be read"), help);
        Ok(match name {
            "assign" => {
                let (variable, value) =
                    markup.split_once('=').ok_or_else(|| bad("write `{% assign name = value %}`"))?;
                let output = self.output(value.trim(), at.clone());
                Node::Assign(variable.trim().into(), output)
            }
            "capture" => {
                let variable = markup.trim_matches(['\'', '"']);
                let (nodes, _) = self.inside(&["endcapture"], (name, &at), depth)?;
                Node::Capture(variable.into(), nodes)
            }
            "if" | "unless" => self.branches(name, markup, &at, depth)?,
            "case" => self.case(markup, &at, depth)?,
            "for" | "JSONArrayFor" | "JSONArray" | "tablerow" => self.each(name, markup, &at, depth)?,
            "cycle" => {
                let (group, list) = match split(markup, |c| c == ':').as_slice() {
                    [group, list] => ((*group).trim(), *list),
                    _ => (markup, markup),
                };
                let values = split(list, |c| c == ',').into_iter().map(|text| self.expr(text)).collect();
                Node::Cycle(group.into(), values)
            }
            "ifchanged" => {
                self.changed += 1;
                let number = self.changed;
                let (nodes, _) = self.inside(&["endifchanged"], (name, &at), depth)?;
                Node::IfChanged(number, nodes)
            }
            "increment" => Node::Count(markup.into(), 1),
            "decrement" => Node::Count(markup.into(), -1),
            "break" => Node::Break,
            "continue" => Node::Continue,
            // Without a template that extends this one, a block is what it holds.
            "block" => Node::If(vec![(Test::default(), self.inside(&["endblock"], (name, &at), depth)?.0)]),
            "include" | "extends" | "param" => {
                let help = "write it out in this template: there are no files that it could name";
                return Err(mistake(at, format!("the tag `{name}` is not available here"), help));
            }
            other if other.starts_with("end") || matches!(other, "else" | "elsif" | "when") => {
                return Err(unexpected(other, at));
            }
            other => {
                let known =
                    ["assign", "capture", "if", "unless", "case", "for", "JSONArrayFor", "cycle", "comment", "raw"];
                let help = match apimite_diag::nearest(other, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the tags are {}", known.join(", ")),
                };
                return Err(mistake(at, format!("there is no tag `{other}`"), help));
            }
        })
    }

    fn branches(&mut self, name: &str, markup: &str, at: &Range<usize>, depth: usize) -> Result<Node, Mistake> {
        let end = format!("end{name}");
        let mut test = Some(Test { negated: name == "unless", ..self.test(markup, at)? });
        let mut branches = Vec::new();
        loop {
            let (nodes, tag) = self.inside(&["elsif", "else", &end], (name, at), depth)?;
            branches.push((test.take().unwrap_or_default(), nodes));
            match tag.split_once(' ') {
                _ if tag == end => return Ok(Node::If(branches)),
                Some(("elsif", markup)) => test = Some(self.test(markup, at)?),
                _ => test = Some(Test::default()),
            }
        }
    }

    fn test(&mut self, markup: &str, at: &Range<usize>) -> Result<Test, Mistake> {
        let mut comparisons: Vec<(bool, Vec<&str>)> = vec![(true, Vec::new())];
        for word in words(markup) {
            match word {
                "and" | "or" => comparisons.push((word == "and", Vec::new())),
                word => {
                    if let Some((_, list)) = comparisons.last_mut() {
                        list.push(word);
                    }
                }
            }
        }
        let mut test = Test::default();
        for (and, words) in comparisons {
            let comparison = match words.as_slice() {
                [left] => self.comparison(left),
                [left, operator, right] => {
                    let right = self.expr(right);
                    Comparison { left: self.expr(left), right: Some(((*operator).into(), right)) }
                }
                _ => {
                    let message = format!("the condition `{markup}` cannot be read");
                    return Err(mistake(at.clone(), message, "write `a == b`, comparisons joined by `and` and `or`"));
                }
            };
            match test.first {
                None => test.first = Some(comparison),
                Some(_) => test.more.push((and, comparison)),
            }
        }
        Ok(test)
    }

    /// A comparison written without blanks, or a value alone.
    fn comparison(&mut self, text: &str) -> Comparison {
        for operator in ["==", "!=", "<>", "<=", ">=", "<", ">"] {
            let parts = text
                .split_once(operator)
                .filter(|(left, right)| !left.is_empty() && !right.is_empty() && !left.contains(['\'', '"']));
            if let Some((left, right)) = parts {
                let right = self.expr(right);
                return Comparison { left: self.expr(left), right: Some((operator.into(), right)) };
            }
        }
        Comparison { left: self.expr(text), right: None }
    }

    fn case(&mut self, markup: &str, at: &Range<usize>, depth: usize) -> Result<Node, Mistake> {
        let of = self.expr(markup);
        let mut whens: Vec<(Vec<Expr>, Vec<Node>)> = Vec::new();
        let mut otherwise = Vec::new();
        let (_, mut tag) = self.inside(&["when", "else", "endcase"], ("case", at), depth)?;
        loop {
            if tag == "endcase" {
                return Ok(Node::Case(of, whens, otherwise));
            }
            let (nodes, next) = self.inside(&["when", "else", "endcase"], ("case", at), depth)?;
            match tag.strip_prefix("when") {
                Some(values) => {
                    let values = split(values, |c| c == ',');
                    let values = values.into_iter().flat_map(|value| value.split(" or "));
                    whens.push((values.map(|value| self.expr(value)).collect(), nodes));
                }
                None => otherwise = nodes,
            }
            tag = next;
        }
    }

    fn each(&mut self, name: &str, markup: &str, at: &Range<usize>, depth: usize) -> Result<Node, Mistake> {
        let bad = || mistake(at.clone(), format!("`{name}` cannot be read"), "write `{% for item in body.items %}`");
        let mut parts = words(markup);
        // The documentation also writes `JSONArray For`.
        let opened = if name == "JSONArray" { "JSONArrayFor" } else { name };
        if name == "JSONArray" && parts.first().is_some_and(|word| word.eq_ignore_ascii_case("for")) {
            parts.remove(0);
        }
        let [variable, "in", list, rest @ ..] = parts.as_slice() else { return Err(bad()) };
        let mut each = Loop {
            variable: (*variable).into(),
            list: self.expr(list),
            name: format!("{variable}-{list}").into(),
            reversed: rest.contains(&"reversed"),
            limit: None,
            offset: None,
            offset_continues: false,
            body: Vec::new(),
            otherwise: Vec::new(),
            form: match opened {
                "JSONArrayFor" => Form::Commas,
                "tablerow" => Form::Table(None),
                _ => Form::Plain,
            },
        };
        let rest = rest.join(" ").replace(": ", ":");
        for word in words(&rest) {
            match word.split_once(':') {
                Some(("cols", value)) if opened == "tablerow" => each.form = Form::Table(Some(self.expr(value))),
                Some(("limit", value)) => each.limit = Some(self.expr(value)),
                Some(("offset", "continue")) => each.offset_continues = true,
                Some(("offset", value)) => each.offset = Some(self.expr(value)),
                _ => {}
            }
        }
        let end = format!("end{opened}");
        let (body, tag) = self.inside(&["else", &end], (opened, at), depth)?;
        each.body = body;
        if tag == "else" {
            (each.otherwise, _) = self.inside(&[&end], (opened, at), depth)?;
        }
        Ok(Node::For(Box::new(each)))
    }
}
