//! From documents to pipelines: every element is checked against its definition, every value parsed, scopes merged.

mod alone;
mod backends;
mod block;
mod check;
mod once;
mod service;
mod values;

use apimite_diag::{Diagnostic, Diagnostics, Source, Span};
use apimite_document::Element;
use apimite_model::{Scope, Service};

use crate::code::Compiler;
use crate::def::{PolicyDef, Refused, Registry, Section};
use crate::step::Needs;

pub use alone::check_document;
pub use check::check_element;
pub use service::{
    CompiledApi, CompiledDocument, CompiledService, Contribution, backend_with_url, compile_document, compile_service,
};

/// What compiling needs besides the documents.
#[derive(Clone, Copy)]
pub struct Toolbox<'a> {
    /// The service: named values, fragments, backends, tier, decisions.
    pub service: &'a Service,
    /// The policies this gateway knows.
    pub registry: Registry,
    /// Compiles expressions.
    pub compiler: &'a dyn Compiler,
    /// Is a document looked at on its own? What it refers to (scope, named values, fragments, backends) is taken as given.
    pub open: bool,
}

/// The compiler's state while it is inside one document.
pub struct Compile<'a> {
    tools: Toolbox<'a>,
    scope: Scope,
    section: Section,
    in_fragment: bool,
    /// Is it known which section the policies stand in? In fragments and snippets it is not.
    section_known: bool,
    source: Source,
    path: String,
    element: &'static str,
    needs: Needs,
    depth: usize,
    /// How many policies that hold others as parts (`send-request`, `return-response`) are around.
    parts: usize,
    once: once::Once,
    diagnostics: &'a mut Diagnostics,
}

impl<'a> Compile<'a> {
    /// A compiler for a document of this scope.
    pub fn new(tools: Toolbox<'a>, scope: Scope, source: Source, diagnostics: &'a mut Diagnostics) -> Self {
        Self {
            tools,
            scope,
            section: Section::Inbound,
            in_fragment: false,
            section_known: true,
            source,
            path: String::new(),
            element: "policies",
            needs: Needs::default(),
            depth: 0,
            parts: 0,
            once: once::Once::default(),
            diagnostics,
        }
    }

    /// The service that is compiled.
    pub const fn service(&self) -> &'a Service {
        self.tools.service
    }

    /// The scope of the document.
    pub const fn scope(&self) -> Scope {
        self.scope
    }

    /// The section that is compiled.
    pub const fn section(&self) -> Section {
        self.section
    }

    /// The policies this gateway knows.
    pub const fn registry(&self) -> Registry {
        self.tools.registry
    }

    /// Path of the element inside its section, such as `choose[1]/when[2]`: unique for an element in a document.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The document that is compiled.
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// Says that the policy reads a body: it is brought into memory before the step runs.
    pub fn needs(&mut self, needs: Needs) {
        self.needs = self.needs.or(needs);
    }

    /// Says that the policy reads the body that its section edits.
    pub fn needs_body(&mut self) {
        let request = matches!(self.section, Section::Inbound | Section::Backend);
        self.needs(Needs { request_body: request, response_body: !request, code: false });
    }

    /// Is the document looked at on its own, so that what it refers to cannot be checked?
    pub const fn is_open(&self) -> bool {
        self.tools.open
    }

    /// File and line of an element, as traces and metrics name it.
    pub fn place(&self, element: &Element) -> String {
        format!("{}:{}", self.source.name(), self.source.position(element.name_span.start).line)
    }

    /// Puts a refusal down.
    pub fn refuse(&mut self, at: Span, code: &'static str, message: impl Into<String>, help: &str) -> Refused {
        if self.tools.open && self.source.slice(at).contains("{{") {
            // The value of a named value is not known here.
            return Refused;
        }
        let mut diagnostic = Diagnostic::new(code, message).element(self.element).at(&self.source, at);
        if !help.is_empty() {
            diagnostic = diagnostic.help(help);
        }
        self.diagnostics.push(diagnostic);
        Refused
    }

    /// Puts a warning down.
    pub fn warn(&mut self, at: Span, code: &'static str, message: impl Into<String>) {
        let diagnostic = Diagnostic::new(code, message).element(self.element).at(&self.source, at).warning();
        self.diagnostics.push(diagnostic);
    }

    /// The definition of a policy element.
    pub fn find(&self, name: &str) -> Option<&'static PolicyDef> {
        self.tools.registry.find(name)
    }

    /// Compiles a policy that stands inside another one, such as `set-header` in `return-response`: it is checked against its
    /// own definition first.
    ///
    /// # Errors
    /// Refused when the check or `read` refuses it.
    pub fn child_policy<T>(
        &mut self,
        child: &Element,
        read: impl FnOnce(&Element, &mut Self) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        let outer = self.element;
        self.parts += 1;
        let outcome = match self.find(&child.name) {
            Some(def) => {
                self.element = def.name;
                check_element(def, child, self).and_then(|()| read(child, self))
            }
            None => read(child, self),
        };
        self.parts -= 1;
        self.element = outer;
        outcome
    }

    /// Child elements with this name.
    pub fn children<'e>(element: &'e Element, name: &'e str) -> impl Iterator<Item = &'e Element> + use<'e> {
        element.elements().filter(move |child| &*child.name == name)
    }

    /// The first child element with this name.
    pub fn child<'e>(element: &'e Element, name: &str) -> Option<&'e Element> {
        element.elements().find(|child| &*child.name == name)
    }
}
