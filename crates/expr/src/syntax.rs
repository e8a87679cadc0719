//! C# syntax: text to tree and back.
//!
//! The reader never fails: it gives a tree and the mistakes it met, each with the compiler's code and wording. Spans are byte
//! offsets in the code given. Newer syntax than C# 7.3 is read too and reported apart as [`Parsed::features`], so that whoever
//! binds the tree decides by language version.

pub mod ast;
mod lexer;
mod parser;
mod printer;
#[cfg(test)]
mod tests;
mod token;

pub use printer::{print_block, print_expression};

pub use ast::{Block, Expr, ExprKind, Stmt, StmtKind};

use apimite_diag::Span;

/// A mistake in the text, with the code and the words of the C# compiler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The compiler's code, for example `CS1026`.
    pub code: &'static str,
    /// The compiler's message, for example `) expected`.
    pub message: String,
    /// Where, in bytes of the code.
    pub span: Span,
}

/// Use of syntax that is newer than C# 7.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeatureUse {
    /// What is used.
    pub feature: Feature,
    /// Where, in bytes of the code.
    pub span: Span,
}

/// A version of the language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LanguageVersion {
    /// C# 7.0.
    CSharp7,
    /// C# 7.1.
    CSharp7_1,
    /// C# 7.2.
    CSharp7_2,
    /// C# 7.3.
    #[default]
    CSharp7_3,
    /// C# 8.0.
    CSharp8,
    /// C# 9.0.
    CSharp9,
    /// C# 10.0.
    CSharp10,
    /// C# 11.0.
    CSharp11,
    /// C# 12.0.
    CSharp12,
}

impl LanguageVersion {
    /// The number as the compiler prints it.
    pub fn name(self) -> &'static str {
        match self {
            Self::CSharp7 => "7.0",
            Self::CSharp7_1 => "7.1",
            Self::CSharp7_2 => "7.2",
            Self::CSharp7_3 => "7.3",
            Self::CSharp8 => "8.0",
            Self::CSharp9 => "9.0",
            Self::CSharp10 => "10.0",
            Self::CSharp11 => "11.0",
            Self::CSharp12 => "12.0",
        }
    }
}

/// Syntax that came after C# 7.0, so that a binder may refuse it by version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// `default` without a type.
    DefaultLiteral,
    /// A tuple element named after its expression.
    InferredTupleNames,
    /// `1_000` with `_` straight after `0x` or `0b`.
    LeadingDigitSeparator,
    /// A named argument before a positional one.
    NonTrailingNamedArguments,
    /// Assigning a `ref` local again.
    RefReassignment,
    /// `a ??= b`.
    CoalescingAssignment,
    /// `x switch { … }`.
    SwitchExpression,
    /// Property, positional and discard patterns.
    RecursivePatterns,
    /// `^1`.
    IndexFromEnd,
    /// `1..2`.
    Range,
    /// `using var x = …;`.
    UsingDeclaration,
    /// `static` local functions.
    StaticLocalFunction,
    /// `@$"…"` (in this order).
    AltInterpolatedVerbatim,
    /// `x!`.
    NullForgiving,
    /// `await foreach`, `await using`.
    AsyncStreams,
    /// `new()` without a type.
    TargetTypedNew,
    /// `not`, `and`, `or`, `<`, and parentheses in patterns.
    PatternCombinators,
    /// `static` lambdas.
    StaticAnonymousFunction,
    /// `x with { … }`.
    With,
    /// A lambda whose parameters are all `_`.
    LambdaDiscards,
    /// `{ A.B: … }` in patterns.
    ExtendedPropertyPatterns,
    /// A lambda with a written return type.
    LambdaReturnType,
    /// `(var x, y) = …`, a declaration and an assignment at once.
    MixedDeconstruction,
    /// `"""…"""`.
    RawString,
    /// `"…"u8`.
    Utf8String,
    /// `[a, b]` patterns.
    ListPatterns,
    /// `a >>> b`.
    UnsignedRightShift,
    /// A line break in an interpolation hole.
    NewlineInInterpolation,
    /// `[a, b]` as a value.
    CollectionExpression,
    /// A default value of a lambda parameter.
    LambdaDefaults,
}

impl Feature {
    /// The first version that has it.
    pub fn since(self) -> LanguageVersion {
        use Feature as F;
        use LanguageVersion as V;
        match self {
            F::DefaultLiteral | F::InferredTupleNames => V::CSharp7_1,
            F::LeadingDigitSeparator | F::NonTrailingNamedArguments => V::CSharp7_2,
            F::RefReassignment => V::CSharp7_3,
            F::CoalescingAssignment
            | F::SwitchExpression
            | F::RecursivePatterns
            | F::IndexFromEnd
            | F::Range
            | F::UsingDeclaration
            | F::StaticLocalFunction
            | F::AltInterpolatedVerbatim
            | F::NullForgiving
            | F::AsyncStreams => V::CSharp8,
            F::TargetTypedNew | F::PatternCombinators | F::StaticAnonymousFunction | F::With | F::LambdaDiscards => {
                V::CSharp9
            }
            F::ExtendedPropertyPatterns | F::LambdaReturnType | F::MixedDeconstruction => V::CSharp10,
            F::RawString | F::Utf8String | F::ListPatterns | F::UnsignedRightShift | F::NewlineInInterpolation => {
                V::CSharp11
            }
            F::CollectionExpression | F::LambdaDefaults => V::CSharp12,
        }
    }

    /// The compiler's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::DefaultLiteral => "default literal",
            Self::InferredTupleNames => "inferred tuple names",
            Self::LeadingDigitSeparator => "leading digit separator",
            Self::NonTrailingNamedArguments => "non-trailing named arguments",
            Self::RefReassignment => "ref reassignment",
            Self::CoalescingAssignment => "coalescing assignment",
            Self::SwitchExpression => "recursive patterns",
            Self::RecursivePatterns => "recursive patterns",
            Self::IndexFromEnd => "index operator",
            Self::Range => "range operator",
            Self::UsingDeclaration => "using declarations",
            Self::StaticLocalFunction => "static local functions",
            Self::AltInterpolatedVerbatim => "alternative interpolated verbatim strings",
            Self::NullForgiving => "nullable reference types",
            Self::AsyncStreams => "async streams",
            Self::TargetTypedNew => "target-typed object creation",
            Self::PatternCombinators => "pattern combinators",
            Self::StaticAnonymousFunction => "static anonymous function",
            Self::With => "with on anonymous types",
            Self::LambdaDiscards => "lambda discard parameters",
            Self::ExtendedPropertyPatterns => "extended property patterns",
            Self::LambdaReturnType => "lambda return type",
            Self::MixedDeconstruction => "mixed declarations and expressions in deconstruction",
            Self::RawString => "raw string literals",
            Self::Utf8String => "UTF-8 string literals",
            Self::ListPatterns => "list pattern",
            Self::UnsignedRightShift => "unsigned right shift",
            Self::NewlineInInterpolation => "newlines in interpolations",
            Self::CollectionExpression => "collection expressions",
            Self::LambdaDefaults => "lambda optional parameters",
        }
    }

    /// The compiler's refusal of it under an older version.
    pub fn refusal(self, version: LanguageVersion) -> (&'static str, String) {
        let code = match version {
            LanguageVersion::CSharp7 => "CS8107",
            LanguageVersion::CSharp7_1 => "CS8302",
            LanguageVersion::CSharp7_2 => "CS8320",
            LanguageVersion::CSharp7_3 => "CS8370",
            LanguageVersion::CSharp8 => "CS8400",
            LanguageVersion::CSharp9 => "CS8773",
            LanguageVersion::CSharp10 => "CS8936",
            LanguageVersion::CSharp11 => "CS9058",
            LanguageVersion::CSharp12 => "CS9202",
        };
        (
            code,
            format!(
                "Feature '{}' is not available in C# {}. Please use language version {} or greater.",
                self.name(),
                version.name(),
                self.since().name()
            ),
        )
    }
}

/// What reading gives: a tree, always, with what was wrong and what was new.
#[derive(Clone, Debug)]
pub struct Parsed<T> {
    /// The tree; [`ExprKind::Missing`] stands where nothing could be read.
    pub tree: T,
    /// The mistakes, in order of their place.
    pub errors: Vec<SyntaxError>,
    /// Syntax newer than C# 7.0, in order of its place.
    pub features: Vec<FeatureUse>,
}

/// Reads one expression, what stands inside `@(…)`.
pub fn parse_expression(code: &str) -> (Expr, Vec<SyntaxError>) {
    let parsed = read_expression(code);
    (parsed.tree, parsed.errors)
}

/// Reads statements, what stands inside `@{…}`.
pub fn parse_block(code: &str) -> (Block, Vec<SyntaxError>) {
    let parsed = read_block(code);
    (parsed.tree, parsed.errors)
}

/// Reads one expression with all that is known about it.
pub fn read_expression(code: &str) -> Parsed<Expr> {
    parser::expression(code)
}

/// Reads statements with all that is known about them.
pub fn read_block(code: &str) -> Parsed<Block> {
    parser::block(code)
}
