//! Reads attributes and texts into arguments.

use apimite_diag::{Source, Span};
use apimite_document::{Element, Text};

use super::Compile;
use crate::arg::{BoolArg, IntArg, NumberArg, SecondsArg, TextArg, ValueArg, seconds};
use crate::code::{Code, CodeError, Want};
use crate::def::Refused;
use crate::step::Needs;

impl Compile<'_> {
    /// The expression in a text, compiled; `None` when the text is a literal.
    fn code(&mut self, text: &Text, want: Want) -> Result<Option<Code>, Refused> {
        let Some(island) = text.expression() else { return Ok(None) };
        let diagnostic = |this: &Self, error: CodeError| -> apimite_diag::Diagnostic {
            let range = error.span.range();
            let span = text.source_span(range.start + island.code_offset..range.end + island.code_offset);
            let mut diagnostic =
                apimite_diag::Diagnostic::new(error.code, error.message).element(this.element).at(&this.source, span);
            diagnostic.help = error.help;
            diagnostic
        };
        let program = self.tools.compiler.compile(&island, want).map_err(|errors| {
            for error in errors {
                let diagnostic = diagnostic(self, error);
                // The value of a named value is not known in a document on its own.
                let touches = |(source, span): &(Source, Span)| source.slice(*span).contains("{{");
                if !(self.is_open() && diagnostic.place.as_ref().is_some_and(touches)) {
                    self.diagnostics.push(diagnostic);
                }
            }
            Refused
        })?;
        for warning in program.warnings() {
            let diagnostic = diagnostic(self, warning).warning();
            self.diagnostics.push(diagnostic);
        }
        self.needs(Needs { code: true, ..program.needs() });
        Ok(Some(Code::new(program)))
    }

    /// Text as an argument.
    ///
    /// # Errors
    /// Refused when its expression does not compile.
    pub fn text_arg(&mut self, text: &Text) -> Result<TextArg, Refused> {
        Ok(match self.code(text, Want::Text)? {
            Some(code) => TextArg::Code(code),
            None => TextArg::literal(text.value()),
        })
    }

    /// A value that keeps its .NET type.
    ///
    /// # Errors
    /// Refused when its expression does not compile.
    pub fn value_arg(&mut self, text: &Text) -> Result<ValueArg, Refused> {
        Ok(match self.code(text, Want::Any)? {
            Some(code) => ValueArg::Code(code),
            None => ValueArg::Literal(apimite_expr::Value::from(text.value().to_owned())),
        })
    }

    fn default_of(&self, attribute: &str) -> Option<&'static str> {
        let def = self.find(self.element)?;
        def.attributes.iter().find(|attr| attr.name == attribute)?.default
    }

    fn missing(&mut self, element: &Element, attribute: &str) -> Refused {
        self.refuse(
            element.name_span,
            "policy::missing_attribute",
            format!("Required attribute '{attribute}' is not found"),
            "add the attribute",
        )
    }

    fn wrong(&mut self, text: &Text, attribute: &str, wanted: &str) -> Refused {
        self.refuse(
            text.span(),
            "policy::attribute_value",
            format!("`{attribute}` cannot be `{}`", text.value()),
            &format!("use {wanted}"),
        )
    }

    /// A text attribute; its default when absent.
    ///
    /// # Errors
    /// Refused when it is absent without a default, or its expression does not compile.
    pub fn text(&mut self, element: &Element, attribute: &str) -> Result<TextArg, Refused> {
        match self.optional_text(element, attribute)? {
            Some(arg) => Ok(arg),
            None => match self.default_of(attribute) {
                Some(default) => Ok(TextArg::literal(default)),
                None => Err(self.missing(element, attribute)),
            },
        }
    }

    /// A text attribute that may be absent; a default in the definition does not count.
    ///
    /// # Errors
    /// Refused when its expression does not compile.
    pub fn optional_text(&mut self, element: &Element, attribute: &str) -> Result<Option<TextArg>, Refused> {
        element.attr(attribute).map(|text| self.text_arg(text)).transpose()
    }

    /// The literal of an attribute that takes no expression; its default when absent.
    pub fn literal(&self, element: &Element, attribute: &str) -> Option<String> {
        match element.attr(attribute) {
            Some(text) => Some(text.value().trim().to_owned()),
            None => self.default_of(attribute).map(str::to_owned),
        }
    }

    /// A Boolean attribute; its default when absent, else false.
    ///
    /// # Errors
    /// Refused when it is neither `true`, `false` nor an expression that compiles.
    pub fn boolean(&mut self, element: &Element, attribute: &str) -> Result<BoolArg, Refused> {
        let Some(text) = element.attr(attribute) else {
            return Ok(BoolArg::Literal(self.default_of(attribute) == Some("true")));
        };
        self.bool_arg(text, attribute)
    }

    /// A Boolean from text.
    ///
    /// # Errors
    /// Refused when it is neither `true`, `false` nor an expression that compiles.
    pub fn bool_arg(&mut self, text: &Text, what: &str) -> Result<BoolArg, Refused> {
        if let Some(code) = self.code(text, Want::Bool)? {
            return Ok(BoolArg::Code(code));
        }
        match text.value().trim() {
            value if value.eq_ignore_ascii_case("true") || value == "1" => Ok(BoolArg::Literal(true)),
            value if value.eq_ignore_ascii_case("false") || value == "0" => Ok(BoolArg::Literal(false)),
            _ => Err(self.wrong(text, what, "`true` or `false`")),
        }
    }

    /// A whole-number attribute.
    ///
    /// # Errors
    /// Refused when it is absent without a default, no number in its range, or an expression that does not compile.
    pub fn int(&mut self, element: &Element, attribute: &str) -> Result<IntArg, Refused> {
        match self.optional_int(element, attribute)? {
            Some(arg) => Ok(arg),
            None => match self.default_of(attribute).and_then(|default| default.parse().ok()) {
                Some(default) => Ok(IntArg::Literal(default)),
                None => Err(self.missing(element, attribute)),
            },
        }
    }

    /// A whole-number attribute that may be absent.
    ///
    /// # Errors
    /// Refused when it is no number in its range, or an expression that does not compile.
    pub fn optional_int(&mut self, element: &Element, attribute: &str) -> Result<Option<IntArg>, Refused> {
        let Some(text) = element.attr(attribute) else { return Ok(None) };
        if let Some(code) = self.code(text, Want::Text)? {
            return Ok(Some(IntArg::Code(code)));
        }
        match text.value().trim().parse() {
            Ok(number) => Ok(Some(IntArg::Literal(number))),
            Err(_) => Err(self.wrong(text, attribute, "a whole number")),
        }
    }

    /// A number attribute that may be absent.
    ///
    /// # Errors
    /// Refused when it is no number, or an expression that does not compile.
    pub fn optional_number(&mut self, element: &Element, attribute: &str) -> Result<Option<NumberArg>, Refused> {
        let Some(text) = element.attr(attribute) else { return Ok(None) };
        if let Some(code) = self.code(text, Want::Text)? {
            return Ok(Some(NumberArg::Code(code)));
        }
        match text.value().trim().parse() {
            Ok(number) => Ok(Some(NumberArg::Literal(number))),
            Err(_) => Err(self.wrong(text, attribute, "a number")),
        }
    }

    /// An attribute in seconds; its default when absent.
    ///
    /// # Errors
    /// Refused when it is absent without a default, no number of seconds, or an expression that does not compile.
    pub fn seconds(&mut self, element: &Element, attribute: &str) -> Result<SecondsArg, Refused> {
        match self.optional_seconds(element, attribute)? {
            Some(arg) => Ok(arg),
            None => match self.default_of(attribute).and_then(seconds) {
                Some(default) => Ok(SecondsArg::Literal(default)),
                None => Err(self.missing(element, attribute)),
            },
        }
    }

    /// An attribute in seconds that may be absent.
    ///
    /// # Errors
    /// Refused when it is no number of seconds, or an expression that does not compile.
    pub fn optional_seconds(&mut self, element: &Element, attribute: &str) -> Result<Option<SecondsArg>, Refused> {
        let Some(text) = element.attr(attribute) else { return Ok(None) };
        if let Some(code) = self.code(text, Want::Text)? {
            return Ok(Some(SecondsArg::Code(code)));
        }
        match seconds(text.value()) {
            Some(duration) => Ok(Some(SecondsArg::Literal(duration))),
            None => Err(self.wrong(text, attribute, "a number of seconds")),
        }
    }

    /// The text inside an element, white space at the ends kept for literals; empty when there is none.
    ///
    /// # Errors
    /// Refused when its expression does not compile.
    pub fn content(&mut self, element: &Element) -> Result<TextArg, Refused> {
        self.text_arg(&element.text())
    }

    /// The value inside an element, which keeps its .NET type.
    ///
    /// # Errors
    /// Refused when its expression does not compile.
    pub fn content_value(&mut self, element: &Element) -> Result<ValueArg, Refused> {
        self.value_arg(&element.text())
    }
}
