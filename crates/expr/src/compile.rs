//! The engine: what policies call.

use std::sync::Arc;

use apimite_diag::Span;
use apimite_dotnet::Thrown;

use crate::bind::Binder;
use crate::bind::query::Arena;
use crate::emit::{self, Compiled};
use crate::library::{Needs, Registry, TypeDef, standard};
use crate::run::{Budget, Cx, Host, Text};
use crate::syntax::{self, LanguageVersion};
use crate::types::Type;
use crate::value::{Str, Value};

/// How an expression is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `@(…)`: one expression.
    Expression,
    /// `@{…}`: statements.
    Block,
}

/// What the caller wants an expression to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Anything: boxed into `object`.
    Any,
    /// A `bool`, as for `when`.
    Bool,
    /// An `int`.
    Int,
    /// A `string`.
    String,
    /// This type.
    Type(Type),
}

/// How an engine compiles and runs.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Members outside the documented allow-list are accepted.
    pub lenient: bool,
    /// Follows .NET Framework 4.x where it differs from .NET Core 3.0 and later.
    pub framework: bool,
    /// The newest C# that is accepted; Azure documents C# 7.
    pub csharp: LanguageVersion,
    /// What one evaluation may use up.
    pub budget: Budget,
    /// The type of `context`, if there is one.
    pub context: Option<&'static TypeDef>,
}

/// One refusal of the compiler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    /// The C# compiler's code, such as `CS0103`; `APIM001` and `APIM002` for what the allow-list does not name.
    pub code: &'static str,
    /// The compiler's message.
    pub message: String,
    /// Where, in the source that was compiled.
    pub span: Span,
    /// What to do about it.
    pub help: Option<String>,
}

/// What went wrong in an evaluation.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The exception that escaped.
    pub thrown: Thrown,
    /// The part of the expression that threw it.
    pub span: Span,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.thrown.fmt(f)
    }
}

impl std::error::Error for Fault {}

/// Compiles expressions against one library.
#[derive(Clone)]
pub struct Engine {
    registry: Arc<Registry>,
    settings: Arc<Settings>,
}

impl Engine {
    /// An engine with the standard library and the embedder's types.
    pub fn new(settings: Settings, host: &[&[&'static TypeDef]]) -> Self {
        let mut groups = standard();
        groups.extend_from_slice(host);
        Self { registry: Arc::new(Registry::new(&groups)), settings: Arc::new(settings) }
    }

    /// The same library with other settings.
    #[must_use]
    pub fn with(&self, settings: Settings) -> Self {
        Self { registry: Arc::clone(&self.registry), settings: Arc::new(settings) }
    }

    /// The library.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// How it compiles and runs.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Compiles what stands inside `@(…)` or `@{…}`.
    ///
    /// # Errors
    /// Every mistake found.
    pub fn compile(&self, code: &str, form: Form, want: Want) -> Result<Program, Vec<CompileError>> {
        let wanted = match want {
            Want::Any => Type::object(),
            Want::Bool => Type::bool(),
            Want::Int => Type::int(),
            Want::String => Type::string(),
            Want::Type(ty) => ty,
        };
        let (body, mistakes, features) = match form {
            Form::Expression => {
                let read = syntax::read_expression(code);
                (Tree::Expression(read.tree), read.errors, read.features)
            }
            Form::Block => {
                let read = syntax::read_block(code);
                (Tree::Block(read.tree), read.errors, read.features)
            }
        };
        let mut errors: Vec<CompileError> = mistakes
            .into_iter()
            .map(|m| CompileError { code: m.code, message: m.message, span: m.span, help: None })
            .collect();
        let version = self.settings.csharp;
        for used in features {
            if used.feature.since() > version {
                let (code, message) = used.feature.refusal(version);
                errors.push(CompileError { code, message, span: used.span, help: None });
            }
        }
        if !errors.is_empty() {
            errors.sort_by_key(|e| e.span);
            return Err(errors);
        }
        let arena = Arena::default();
        let mut binder = Binder::new(&self.registry, &self.settings, &arena);
        let bound = binder.program(&body, wanted);
        if binder.errors.is_empty() {
            binder.definite_assignment(&bound);
        }
        if !binder.errors.is_empty() {
            let mut errors = binder.errors;
            errors.sort_by_key(|e| e.span);
            errors.dedup();
            return Err(errors);
        }
        let needs = binder.needs;
        let impure = binder.impure;
        let mut warnings = std::mem::take(&mut binder.warnings);
        warnings.sort_by_key(|warning| warning.span);
        warnings.dedup();
        let Some((compiled, natural)) = emit::program(&mut binder, bound) else {
            let span = Span::from_usize(0, code.len());
            let message = "An expression is too long or complex to compile".to_owned();
            return Err(vec![CompileError { code: "CS8078", message, span, help: None }]);
        };
        Ok(Program {
            compiled,
            registry: Arc::clone(&self.registry),
            settings: Arc::clone(&self.settings),
            result: if wanted == Type::object() { natural } else { wanted },
            needs,
            pure: !impure,
            warnings,
        })
    }
}

/// A syntax tree to bind.
pub(crate) enum Tree {
    Expression(syntax::Expr),
    Block(syntax::Block),
}

/// A compiled expression.
pub struct Program {
    compiled: Compiled,
    registry: Arc<Registry>,
    settings: Arc<Settings>,
    result: Type,
    needs: Needs,
    pure: bool,
    warnings: Vec<CompileError>,
}

impl Program {
    /// What compiles and will throw when it runs, such as a constant pattern that `Regex` refuses.
    pub fn warnings(&self) -> &[CompileError] {
        &self.warnings
    }

    /// The static type of the result.
    pub fn result_type(&self) -> Type {
        self.result
    }

    /// What it reads.
    pub fn needs(&self) -> Needs {
        self.needs
    }

    /// Without effects and without clock or randomness: the same context gives the same result.
    pub fn is_pure(&self) -> bool {
        self.pure
    }

    /// The value, when the expression is a constant.
    pub fn constant(&self) -> Option<&Value> {
        self.compiled.constant.as_ref()
    }

    fn cx<'h>(&'h self, host: &'h dyn Host) -> Cx<'h> {
        Cx::new(host, &self.registry, self.settings.budget, self.settings.framework)
    }

    /// Evaluates it.
    ///
    /// # Errors
    /// The exception that escaped.
    pub fn eval(&self, host: &dyn Host) -> Result<Value, Fault> {
        let mut cx = self.cx(host);
        self.compiled.value(&mut cx).map_err(|thrown| self.fault(&cx, thrown))
    }

    /// Evaluates a condition.
    ///
    /// # Errors
    /// The exception that escaped.
    pub fn eval_bool(&self, host: &dyn Host) -> Result<bool, Fault> {
        let mut cx = self.cx(host);
        self.compiled.bool(&mut cx).map_err(|thrown| self.fault(&cx, thrown))
    }

    /// Evaluates it and gives the text of the result: `None` for `null`, otherwise
    /// `Convert.ToString(value, CultureInfo.InvariantCulture)`.
    ///
    /// # Errors
    /// The exception that escaped.
    pub fn eval_text(&self, host: &dyn Host) -> Result<Option<Str>, Fault> {
        let mut cx = self.cx(host);
        let result = self.compiled.value(&mut cx).and_then(|value| match value {
            Value::Null => Ok(None),
            Value::Str(text) => Ok(Some(text)),
            other => cx.to_text(&other).map(Some),
        });
        result.map_err(|thrown| self.fault(&cx, thrown))
    }

    /// As [`Program::eval_text`], borrowed from the host where the expression only picks a text of it.
    ///
    /// # Errors
    /// The exception that escaped.
    pub fn eval_str<'h>(&'h self, host: &'h dyn Host) -> Result<Text<'h>, Fault> {
        let mut cx = self.cx(host);
        self.compiled.text(&mut cx).map_err(|thrown| self.fault(&cx, thrown))
    }

    /// `Convert.ToString(value, CultureInfo.InvariantCulture)`; empty for `null`.
    ///
    /// # Errors
    /// What the value's own `ToString` throws.
    pub fn to_text(&self, host: &dyn Host, value: &Value) -> Result<Str, Thrown> {
        self.cx(host).to_text(value)
    }

    /// A context of evaluation of its own, for showing results: enumerating, `ToString`.
    pub fn context<'h>(&'h self, host: &'h dyn Host) -> Cx<'h> {
        self.cx(host)
    }

    fn fault(&self, cx: &Cx<'_>, thrown: Thrown) -> Fault {
        Fault { thrown, span: cx.fault.unwrap_or(self.compiled.span) }
    }
}
