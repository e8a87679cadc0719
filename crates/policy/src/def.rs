//! What a policy element may look like: the single source for checker, docs, errors and the completeness table.

use crate::compile::Compile;
use crate::step::StepKind;
use apimite_document::Element;

/// The sections of a policy document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// Before the backend is called.
    Inbound,
    /// The call itself.
    Backend,
    /// After the backend has answered.
    Outbound,
    /// After a fault.
    OnError,
}

impl Section {
    /// All sections in their order.
    pub const ALL: [Self; 4] = [Self::Inbound, Self::Backend, Self::Outbound, Self::OnError];

    /// The element name, as `context.LastError.Section` shows it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Backend => "backend",
            Self::Outbound => "outbound",
            Self::OnError => "on-error",
        }
    }

    /// The section with this element name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.name() == name)
    }
}

/// A set of sections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sections(u8);

impl Sections {
    /// inbound only
    pub const INBOUND: Self = Self(1);
    /// backend only
    pub const BACKEND: Self = Self(2);
    /// outbound only
    pub const OUTBOUND: Self = Self(4);
    /// on-error only
    pub const ON_ERROR: Self = Self(8);
    /// every section
    pub const ALL: Self = Self(15);
    /// none: only inside another policy, such as `set-url`
    pub const NONE: Self = Self(0);

    /// Both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Is the section in the set?
    pub const fn contains(self, section: Section) -> bool {
        self.0 & (1 << section as u8) != 0
    }

    /// The sections in order.
    pub fn iter(self) -> impl Iterator<Item = Section> {
        Section::ALL.into_iter().filter(move |&section| self.contains(section))
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// global
    pub const GLOBAL: Self = Self(1);
    /// workspace
    pub const WORKSPACE: Self = Self(2);
    /// product
    pub const PRODUCT: Self = Self(4);
    /// API
    pub const API: Self = Self(8);
    /// operation
    pub const OPERATION: Self = Self(16);
    /// every scope
    pub const ALL: Self = Self(31);

    /// Both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Is the scope in the set?
    pub const fn contains(self, scope: apimite_model::Scope) -> bool {
        self.0 & (1 << scope as u8) != 0
    }
}

/// A set of gateway kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gateways(u8);

impl Gateways {
    /// Classic tiers.
    pub const CLASSIC: Self = Self(1);
    /// v2 tiers.
    pub const V2: Self = Self(2);
    /// Consumption tier.
    pub const CONSUMPTION: Self = Self(4);
    /// Self-hosted gateway.
    pub const SELF_HOSTED: Self = Self(8);
    /// Workspace gateway.
    pub const WORKSPACE: Self = Self(16);
    /// Every kind.
    pub const ALL: Self = Self(31);

    /// Both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Everything in `self` that is not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Is everything of `other` in the set?
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The kind of gateway that serves a tier.
    pub const fn of_tier(tier: apimite_model::Tier) -> Self {
        match tier {
            apimite_model::Tier::Consumption => Self::CONSUMPTION,
            apimite_model::Tier::SelfHosted => Self::SELF_HOSTED,
            _ if tier.is_v2() => Self::V2,
            _ => Self::CLASSIC,
        }
    }
}

/// How often an element may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurs {
    /// Any number of times.
    Any,
    /// At most once in a section.
    OncePerSection,
    /// At most once in a policy document.
    OncePerDocument,
}

/// What the literal of an attribute or text must look like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Any text.
    Text,
    /// `true` or `false`.
    Bool,
    /// A whole number from the first to the second.
    Int(i64, i64),
    /// A number.
    Number,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Seconds, whole or with a fraction.
    Seconds,
}

/// May an expression stand there?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expressions {
    /// Yes.
    Allowed,
    /// No: refused by `check`.
    Refused,
}

/// How far a thing is implemented; anything but `Done` says why in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As Azure does it.
    Done,
    /// Works, with this difference.
    Differs(&'static str),
    /// Accepted and without effect here, because of this.
    NotApplicable(&'static str),
}

/// One attribute of an element.
#[derive(Clone, Copy, Debug)]
pub struct Attr {
    /// Name.
    pub name: &'static str,
    /// What its literal looks like.
    pub kind: Kind,
    /// Must it stand?
    pub required: bool,
    /// Value when absent.
    pub default: Option<&'static str>,
    /// May it be an expression?
    pub expressions: Expressions,
    /// How far it is implemented.
    pub state: State,
}

impl Attr {
    /// An optional attribute that takes expressions.
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, required: false, default: None, expressions: Expressions::Allowed, state: State::Done }
    }

    /// Must stand.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Has this value when absent.
    #[must_use]
    pub const fn default(mut self, value: &'static str) -> Self {
        self.default = Some(value);
        self
    }

    /// Takes no expression.
    #[must_use]
    pub const fn literal(mut self) -> Self {
        self.expressions = Expressions::Refused;
        self
    }

    /// Differs from Azure in this.
    #[must_use]
    pub const fn differs(mut self, how: &'static str) -> Self {
        self.state = State::Differs(how);
        self
    }

    /// Accepted without effect.
    #[must_use]
    pub const fn not_applicable(mut self, why: &'static str) -> Self {
        self.state = State::NotApplicable(why);
        self
    }
}

/// What may stand inside an element.
#[derive(Clone, Copy, Debug)]
pub enum Content {
    /// Nothing.
    Empty,
    /// Text, and whether it may be an expression.
    Text(Kind, Expressions),
    /// These child elements, in this order when `ordered`; `include-fragment`, where listed, stands anywhere among them.
    Elements {
        /// The children.
        children: &'static [Child],
        /// Must they come in the order of the list?
        ordered: bool,
    },
    /// Text, or these child elements in any order.
    Mixed(&'static [Child]),
    /// Any policies (`choose`/`when`, `retry`, …).
    Policies,
    /// These policies only (`wait`).
    SomePolicies(&'static [&'static str]),
    /// Anything: a style sheet, an Adobe document, a template.
    Raw,
    /// What the policy of this name takes; its own definition checks it, attributes too, where the parent compiles it.
    Policy,
}

/// A child element that is no policy of its own.
#[derive(Clone, Copy, Debug)]
pub struct Child {
    /// Name.
    pub name: &'static str,
    /// Fewest.
    pub min: u32,
    /// Most.
    pub max: u32,
    /// Attributes.
    pub attributes: &'static [Attr],
    /// Content.
    pub content: Content,
}

impl Child {
    /// A child that may stand any number of times.
    pub const fn many(name: &'static str, attributes: &'static [Attr], content: Content) -> Self {
        Self { name, min: 0, max: u32::MAX, attributes, content }
    }

    /// A child that may stand once.
    pub const fn optional(name: &'static str, attributes: &'static [Attr], content: Content) -> Self {
        Self { name, min: 0, max: 1, attributes, content }
    }

    /// A child that must stand once.
    pub const fn one(name: &'static str, attributes: &'static [Attr], content: Content) -> Self {
        Self { name, min: 1, max: 1, attributes, content }
    }

    /// A policy that may stand once as a part of another.
    pub const fn policy(name: &'static str) -> Self {
        Self { name, min: 0, max: 1, attributes: &[], content: Content::Policy }
    }

    /// A policy that may stand any number of times as a part of another.
    pub const fn policies(name: &'static str) -> Self {
        Self { name, min: 0, max: u32::MAX, attributes: &[], content: Content::Policy }
    }

    /// A child that must stand at least once.
    pub const fn at_least_one(name: &'static str, attributes: &'static [Attr], content: Content) -> Self {
        Self { name, min: 1, max: u32::MAX, attributes, content }
    }
}

/// A refused element; the reasons have been put into [`Compile`].
#[derive(Debug)]
pub struct Refused;

/// Turns a checked element into a step.
pub type CompileFn = for<'a> fn(&'a Element, &mut Compile<'_>) -> Result<StepKind, Refused>;

/// One policy element.
#[derive(Clone, Copy, Debug)]
pub struct PolicyDef {
    /// Element name.
    pub name: &'static str,
    /// One sentence for people.
    pub summary: &'static str,
    /// Where it may stand.
    pub sections: Sections,
    /// In documents of which scopes.
    pub scopes: Scopes,
    /// On which gateways.
    pub gateways: Gateways,
    /// How often.
    pub occurs: Occurs,
    /// Is it the root of the policy of a GraphQL resolver?
    pub resolver: bool,
    /// May it stand inside a fragment?
    pub in_fragment: bool,
    /// Attributes besides `id`, which every policy takes.
    pub attributes: &'static [Attr],
    /// What stands inside.
    pub content: Content,
    /// `LastError.Reason` values it raises.
    pub raises: &'static [&'static str],
    /// How it differs from Azure, one sentence each.
    pub differences: &'static [&'static str],
    /// Is it listed only in the published schemas, not in the documentation?
    pub schema_only: bool,
    /// Compiles an element that has passed the checks above.
    pub compile: CompileFn,
}

impl PolicyDef {
    /// A definition with the commonest answers: every section, scope and gateway, any number, no attributes, no content.
    pub const fn new(name: &'static str, summary: &'static str, compile: CompileFn) -> Self {
        Self {
            name,
            summary,
            sections: Sections::ALL,
            scopes: Scopes::ALL,
            gateways: Gateways::ALL,
            occurs: Occurs::Any,
            resolver: false,
            in_fragment: true,
            attributes: &[],
            content: Content::Empty,
            raises: &[],
            differences: &[],
            schema_only: false,
            compile,
        }
    }
}

/// The list of policies that a gateway knows.
#[derive(Clone, Copy, Debug)]
pub struct Registry(pub &'static [&'static PolicyDef]);

impl Registry {
    /// The definition of an element.
    pub fn find(&self, name: &str) -> Option<&'static PolicyDef> {
        self.0.iter().copied().find(|def| def.name == name)
    }
}
