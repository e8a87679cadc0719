//! Expressions as trees.

use smol_str::SmolStr;

use super::functions::{self, Function};
use super::lex::{Token, tokens};
use crate::{Result, fail};

/// Namespaces in scope of an expression: prefix and name.
pub(crate) type Prefixes = [(SmolStr, SmolStr)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Axis {
    Ancestor,
    AncestorOrSelf,
    Attribute,
    Child,
    Descendant,
    DescendantOrSelf,
    Following,
    FollowingSibling,
    Namespace,
    Parent,
    Preceding,
    PrecedingSibling,
    Itself,
}

impl Axis {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "ancestor" => Self::Ancestor,
            "ancestor-or-self" => Self::AncestorOrSelf,
            "attribute" => Self::Attribute,
            "child" => Self::Child,
            "descendant" => Self::Descendant,
            "descendant-or-self" => Self::DescendantOrSelf,
            "following" => Self::Following,
            "following-sibling" => Self::FollowingSibling,
            "namespace" => Self::Namespace,
            "parent" => Self::Parent,
            "preceding" => Self::Preceding,
            "preceding-sibling" => Self::PrecedingSibling,
            "self" => Self::Itself,
            _ => return None,
        })
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NodeTest {
    /// `*`
    Any,
    /// `p:*`
    Namespace(SmolStr),
    Name(SmolStr, SmolStr),
    Node,
    Text,
    Comment,
    Instruction(Option<SmolStr>),
}

#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) axis: Axis,
    pub(crate) test: NodeTest,
    pub(crate) predicates: Vec<Expr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Clone, Debug)]
pub(crate) enum Expr {
    Number(f64),
    Literal(SmolStr),
    Variable(SmolStr, SmolStr),
    Negative(Box<Self>),
    Binary(Operator, Box<(Self, Self)>),
    Union(Vec<Self>),
    Call(Function, Vec<Self>),
    /// An expression with predicates behind it.
    Filter(Box<Self>, Vec<Self>),
    /// From the root, from an expression, or from the context node.
    Path(Start, Vec<Step>),
}

#[derive(Clone, Debug)]
pub(crate) enum Start {
    Context,
    Root,
    Expr(Box<Expr>),
}

/// Deepest nesting of an expression.
const MAX_DEPTH: usize = 64;

/// Reads an expression.
pub(crate) fn parse(text: &str, prefixes: &Prefixes) -> Result<Expr> {
    let tokens = tokens(text)?;
    let mut parser = Parser { text, tokens: &tokens, at: 0, prefixes, depth: 0 };
    let expr = parser.expr(0)?;
    match parser.tokens.get(parser.at) {
        None => Ok(expr),
        Some(_) => parser.wrong(),
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    prefixes: &'a Prefixes,
    depth: usize,
}

/// Operators with how tightly they bind.
const OPERATORS: [(&str, u8, Operator); 13] = [
    ("or", 1, Operator::Or),
    ("and", 2, Operator::And),
    ("=", 3, Operator::Equal),
    ("!=", 3, Operator::NotEqual),
    ("<", 4, Operator::Less),
    ("<=", 4, Operator::LessOrEqual),
    (">", 4, Operator::Greater),
    (">=", 4, Operator::GreaterOrEqual),
    ("+", 5, Operator::Add),
    ("-", 5, Operator::Subtract),
    ("*", 6, Operator::Multiply),
    ("div", 6, Operator::Divide),
    ("mod", 6, Operator::Remainder),
];

impl Parser<'_> {
    fn wrong<T>(&self) -> Result<T> {
        let what = match self.tokens.get(self.at) {
            Some(Token::Sign(sign)) => format!("`{}` stands where it has no meaning", sign.replace("star", "*")),
            Some(Token::Name(_, name) | Token::Variable(_, name)) => format!("`{name}` is not expected"),
            Some(Token::Number(_) | Token::Literal(_)) => "a literal is not expected".to_owned(),
            None => "the end is not expected".to_owned(),
        };
        fail(format!("in the expression `{}`: {what}", self.text))
    }

    fn sign(&self) -> Option<&'static str> {
        match self.tokens.get(self.at) {
            Some(Token::Sign(sign)) => Some(sign),
            _ => None,
        }
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.sign() == Some(sign);
        self.at += usize::from(found);
        found
    }

    fn need(&mut self, sign: &str) -> Result<()> {
        if self.take(sign) { Ok(()) } else { self.wrong() }
    }

    fn namespace(&self, prefix: &str) -> Result<SmolStr> {
        if prefix.is_empty() {
            return Ok(SmolStr::default());
        }
        match self.prefixes.iter().find(|(known, _)| known == prefix) {
            Some((_, name)) => Ok(name.clone()),
            None => fail(format!("the prefix `{prefix}` in `{}` is not declared", self.text)),
        }
    }

    fn expr(&mut self, least: u8) -> Result<Expr> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return fail("an expression is nested too deeply");
        }
        let mut left = self.unary()?;
        while let Some((_, binds, operator)) =
            self.sign().and_then(|sign| OPERATORS.iter().find(|(known, _, _)| *known == sign))
        {
            if *binds <= least {
                break;
            }
            self.at += 1;
            let right = self.expr(*binds)?;
            left = Expr::Binary(*operator, Box::new((left, right)));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr> {
        let mut negative = false;
        let mut signs = 0;
        while self.take("-") {
            negative = !negative;
            signs += 1;
        }
        let of = self.union()?;
        // Two signs make a number of a text.
        Ok(match (signs, negative) {
            (0, _) => of,
            (_, true) => Expr::Negative(Box::new(of)),
            (_, false) => Expr::Negative(Box::new(Expr::Negative(Box::new(of)))),
        })
    }

    fn union(&mut self) -> Result<Expr> {
        let first = self.path()?;
        if self.sign() != Some("|") {
            return Ok(first);
        }
        let mut all = vec![first];
        while self.take("|") {
            all.push(self.path()?);
        }
        Ok(Expr::Union(all))
    }

    fn path(&mut self) -> Result<Expr> {
        match self.tokens.get(self.at) {
            Some(Token::Sign("/")) => {
                self.at += 1;
                let steps = if self.starts_step() { self.steps()? } else { Vec::new() };
                Ok(Expr::Path(Start::Root, steps))
            }
            Some(Token::Sign("//")) => {
                self.at += 1;
                let mut steps = vec![anywhere()];
                steps.extend(self.steps()?);
                Ok(Expr::Path(Start::Root, steps))
            }
            _ if self.starts_filter() => {
                let primary = self.primary()?;
                let predicates = self.predicates()?;
                let filter = if predicates.is_empty() { primary } else { Expr::Filter(Box::new(primary), predicates) };
                let mut steps = Vec::new();
                if self.take("//") {
                    steps.push(anywhere());
                } else if !self.take("/") {
                    return Ok(filter);
                }
                steps.extend(self.steps()?);
                Ok(Expr::Path(Start::Expr(Box::new(filter)), steps))
            }
            _ => Ok(Expr::Path(Start::Context, self.steps()?)),
        }
    }

    fn starts_step(&self) -> bool {
        matches!(self.tokens.get(self.at), Some(Token::Name(..) | Token::Sign("star" | "@" | "." | "..")))
    }

    /// A variable, literal, number, bracket or call of a function (not a node test) begins here.
    fn starts_filter(&self) -> bool {
        match self.tokens.get(self.at) {
            Some(Token::Number(_) | Token::Literal(_) | Token::Variable(..) | Token::Sign("(")) => true,
            Some(Token::Name(_, name)) => {
                self.tokens.get(self.at + 1) == Some(&Token::Sign("("))
                    && !matches!(name.as_str(), "node" | "text" | "comment" | "processing-instruction")
            }
            _ => false,
        }
    }

    fn primary(&mut self) -> Result<Expr> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        Ok(match token {
            Some(Token::Number(number)) => Expr::Number(number),
            Some(Token::Literal(text)) => Expr::Literal(text),
            Some(Token::Variable(prefix, local)) => Expr::Variable(self.namespace(&prefix)?, local),
            Some(Token::Sign("(")) => {
                let inner = self.expr(0)?;
                self.need(")")?;
                inner
            }
            Some(Token::Name(prefix, name)) => {
                self.need("(")?;
                let mut arguments = Vec::new();
                if !self.take(")") {
                    loop {
                        arguments.push(self.expr(0)?);
                        if self.take(")") {
                            break;
                        }
                        self.need(",")?;
                    }
                }
                let namespace = self.namespace(&prefix)?;
                let function = functions::find(&namespace, &name, arguments.len())?;
                Expr::Call(function, arguments)
            }
            _ => {
                self.at -= 1;
                return self.wrong();
            }
        })
    }

    fn predicates(&mut self) -> Result<Vec<Expr>> {
        let mut all = Vec::new();
        while self.take("[") {
            all.push(self.expr(0)?);
            self.need("]")?;
        }
        Ok(all)
    }

    fn steps(&mut self) -> Result<Vec<Step>> {
        let mut all = vec![self.step()?];
        loop {
            if self.take("//") {
                all.push(anywhere());
            } else if !self.take("/") {
                return Ok(all);
            }
            all.push(self.step()?);
        }
    }

    fn step(&mut self) -> Result<Step> {
        if self.take(".") {
            return Ok(Step { axis: Axis::Itself, test: NodeTest::Node, predicates: Vec::new() });
        }
        if self.take("..") {
            return Ok(Step { axis: Axis::Parent, test: NodeTest::Node, predicates: Vec::new() });
        }
        let mut axis = Axis::Child;
        if self.take("@") {
            axis = Axis::Attribute;
        } else if let (Some(Token::Name(_, name)), Some(Token::Sign("::"))) =
            (self.tokens.get(self.at), self.tokens.get(self.at + 1))
        {
            match Axis::named(name) {
                Some(named) => axis = named,
                None => return fail(format!("there is no axis `{name}`")),
            }
            self.at += 2;
        }
        let test = match self.tokens.get(self.at).cloned() {
            Some(Token::Sign("star")) => NodeTest::Any,
            Some(Token::Name(prefix, name)) if self.tokens.get(self.at + 1) == Some(&Token::Sign("(")) => {
                self.at += 2;
                let test = match (prefix.as_str(), name.as_str()) {
                    ("", "node") => NodeTest::Node,
                    ("", "text") => NodeTest::Text,
                    ("", "comment") => NodeTest::Comment,
                    ("", "processing-instruction") => NodeTest::Instruction(match self.tokens.get(self.at) {
                        Some(Token::Literal(target)) => {
                            self.at += 1;
                            Some(target.clone())
                        }
                        _ => None,
                    }),
                    _ => return self.wrong(),
                };
                if self.sign() != Some(")") {
                    return self.wrong();
                }
                test
            }
            Some(Token::Name(prefix, name)) if name == "*" => NodeTest::Namespace(self.namespace(&prefix)?),
            Some(Token::Name(prefix, name)) => NodeTest::Name(self.namespace(&prefix)?, name),
            _ => return self.wrong(),
        };
        self.at += 1;
        Ok(Step { axis, test, predicates: self.predicates()? })
    }
}

/// `descendant-or-self::node()`
fn anywhere() -> Step {
    Step { axis: Axis::DescendantOrSelf, test: NodeTest::Node, predicates: Vec::new() }
}
