//! Tokens.

use std::sync::Arc;

use apimite_diag::Span;

use super::ast::{IntSuffix, Name, RealSuffix, StringForm};

/// A token: kind, place, and the index of its value if it has one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: T,
    pub(crate) span: Span,
    /// Index into [`Tokens::values`]; only looked at where the kind has a value.
    pub(crate) value: u32,
    /// Index of the matching bracket; `u32::MAX` without one.
    pub(crate) partner: u32,
    /// A line break stands before it.
    pub(crate) on_new_line: bool,
}

/// What a token stands for, beyond its kind.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Ident(Name),
    Int(u64, IntSuffix),
    Real(Name, RealSuffix),
    Char(u16),
    Text(Arc<str>, StringForm),
}

macro_rules! kinds {
    ($($name:ident $text:literal,)* ; $($keyword:ident $word:literal,)*) => {
        /// Kinds of tokens; the ones with fixed text know it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum T {
            /// End of the code.
            Eof,
            /// A name that is no keyword.
            Ident,
            /// `@name`: never a keyword of any kind.
            VerbatimIdent,
            Int,
            Real,
            Char,
            Str,
            Utf8Str,
            /// `$"` and its like; the value is an empty text with the form.
            InterpolatedStart,
            InterpolatedText,
            HoleOpen,
            /// `:format` of a hole.
            HoleFormat,
            HoleClose,
            InterpolatedEnd,
            /// Characters that no token starts with; reported by the lexer.
            Bad,
            $($name,)*
            $($keyword,)*
        }

        impl T {
            /// The fixed text; empty for kinds without one.
            pub(crate) fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                    $(Self::$keyword => $word,)*
                    _ => "",
                }
            }

            /// The keyword a word is.
            pub(crate) fn keyword(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$keyword),)*
                    _ => None,
                }
            }

            /// Is it a keyword?
            pub(crate) fn is_keyword(self) -> bool {
                matches!(self, $(Self::$keyword)|*)
            }
        }
    };
}

kinds! {
    LParen "(", RParen ")", LBracket "[", RBracket "]", LBrace "{", RBrace "}",
    Dot ".", DotDot "..", Comma ",", Semicolon ";", Colon ":", ColonColon "::", Question "?", Coalesce "??", CoalesceEq "??=",
    Arrow "=>", ThinArrow "->", Eq "=", EqEq "==", Bang "!", BangEq "!=", Lt "<", LtEq "<=", Shl "<<", ShlEq "<<=",
    Gt ">", GtEq ">=", Plus "+", PlusPlus "++", PlusEq "+=", Minus "-", MinusMinus "--", MinusEq "-=", Star "*", StarEq "*=",
    Slash "/", SlashEq "/=", Percent "%", PercentEq "%=", And "&", AndAnd "&&", AndEq "&=", Or "|", OrOr "||", OrEq "|=",
    Caret "^", CaretEq "^=", Tilde "~",
    ;
    Abstract "abstract", As "as", Base "base", Bool "bool", Break "break", Byte "byte", Case "case", Catch "catch",
    CharKw "char", Checked "checked", Class "class", Const "const", Continue "continue", Decimal "decimal",
    Default "default", Delegate "delegate", Do "do", Double "double", Else "else", Enum "enum", Event "event",
    Explicit "explicit", Extern "extern", False "false", Finally "finally", Fixed "fixed", Float "float", For "for",
    Foreach "foreach", Goto "goto", If "if", Implicit "implicit", In "in", IntKw "int", Interface "interface",
    Internal "internal", Is "is", Lock "lock", Long "long", Namespace "namespace", New "new", Null "null",
    Object "object", Operator "operator", Out "out", Override "override", Params "params", Private "private",
    Protected "protected", Public "public", Readonly "readonly", Ref "ref", Return "return", Sbyte "sbyte",
    Sealed "sealed", Short "short", Sizeof "sizeof", Stackalloc "stackalloc", Static "static", StringKw "string",
    Struct "struct", Switch "switch", This "this", Throw "throw", True "true", Try "try", Typeof "typeof", Uint "uint",
    Ulong "ulong", Unchecked "unchecked", Unsafe "unsafe", Ushort "ushort", Using "using", Virtual "virtual",
    Void "void", Volatile "volatile", While "while",
}

/// All tokens of a code, the last one [`T::Eof`].
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) list: Vec<Token>,
    pub(crate) values: Vec<Value>,
}

impl Tokens {
    /// Links each opening bracket with its closing one and back.
    pub(crate) fn link_brackets(&mut self) {
        let mut open: Vec<usize> = Vec::new();
        for index in 0..self.list.len() {
            let Some(kind) = self.list.get(index).map(|token| token.kind) else { break };
            let opener = match kind {
                T::LParen | T::LBracket | T::LBrace | T::HoleOpen => {
                    open.push(index);
                    continue;
                }
                T::RParen => T::LParen,
                T::RBracket => T::LBracket,
                T::RBrace => T::LBrace,
                T::HoleClose => T::HoleOpen,
                _ => continue,
            };
            let mut depth = open.len();
            // A parenthesis does not reach over a brace, nor anything over a hole.
            while let Some(&candidate) = depth.checked_sub(1).and_then(|last| open.get(last)) {
                let Some(found) = self.list.get(candidate).map(|token| token.kind) else { break };
                if found == opener {
                    open.truncate(depth - 1);
                    let narrow = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
                    if let Some(token) = self.list.get_mut(candidate) {
                        token.partner = narrow(index);
                    }
                    if let Some(token) = self.list.get_mut(index) {
                        token.partner = narrow(candidate);
                    }
                    break;
                }
                let is_wall = match opener {
                    T::HoleOpen => false,
                    T::LBrace => found == T::HoleOpen,
                    _ => matches!(found, T::LBrace | T::HoleOpen),
                };
                // INVARIANT: linear, because what is passed over once is not looked at again when a match is found, and
                // an unmatched closer looks at no more than the run of openers above the next wall.
                if is_wall || open.len() - depth >= 64 {
                    break;
                }
                depth -= 1;
            }
        }
    }
}
