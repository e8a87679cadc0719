//! Steps: what an element compiles to.

use std::sync::Arc;

use apimite_model::Scope;
use futures_util::future::LocalBoxFuture;

use crate::arg::BoolArg;
use crate::def::Section;
use crate::env::Env;
use crate::exchange::Exchange;
use crate::fault::Fault;

/// What happens after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The next step.
    Next,
    /// The response is complete: no further section runs.
    Respond,
    /// The rest of inbound and the backend are skipped: outbound runs (a cache hit).
    Outbound,
}

/// A step that finishes on the spot.
pub trait Now: Send + Sync {
    /// Does its work.
    ///
    /// # Errors
    /// A [`Fault`] that ends the section.
    fn run(&self, exchange: &mut Exchange, env: &Env) -> Result<Flow, Fault>;

    /// Does it answer this request although no API matched it? Asked of the steps of the global inbound section.
    fn answers_unrouted(&self, _exchange: &Exchange) -> bool {
        false
    }
}

/// A step that waits for something.
pub trait Io: Send + Sync {
    /// Does its work; dropping the future cancels it.
    ///
    /// # Errors
    /// A [`Fault`] that ends the section.
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>>;
}

/// What an element does.
pub enum StepKind {
    /// Finishes on the spot.
    Now(Box<dyn Now>),
    /// Waits.
    Io(Box<dyn Io>),
    /// `choose`: the first branch whose condition holds.
    Choose(Choose),
}

impl StepKind {
    /// A step that finishes on the spot.
    pub fn now(step: impl Now + 'static) -> Self {
        Self::Now(Box::new(step))
    }

    /// A step that waits.
    pub fn io(step: impl Io + 'static) -> Self {
        Self::Io(Box::new(step))
    }
}

/// The branches of a `choose`.
pub struct Choose {
    /// Condition and steps of each `when`.
    pub when: Vec<(BoolArg, Block)>,
    /// Steps of `otherwise`.
    pub otherwise: Option<Block>,
}

/// What the executor knows of a step besides what it does.
#[derive(Debug)]
pub struct StepInfo {
    /// Element name.
    pub element: &'static str,
    /// `id` attribute.
    pub id: Option<Box<str>>,
    /// Scope of the document it stands in.
    pub scope: Scope,
    /// Section it stands in.
    pub section: Section,
    /// Path inside the section, such as `choose[1]/when[2]/set-header[1]`.
    pub path: Box<str>,
    /// File and place.
    pub source: apimite_diag::Source,
    /// Place.
    pub span: apimite_diag::Span,
    /// Bodies it reads.
    pub needs: Needs,
}

/// Bodies that a step reads; they are brought into memory before it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The request's.
    pub request_body: bool,
    /// The response's.
    pub response_body: bool,
    /// It evaluates an expression, which may read anything of the exchange.
    pub code: bool,
}

impl Needs {
    /// Either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self {
            request_body: self.request_body || other.request_body,
            response_body: self.response_body || other.response_body,
            code: self.code || other.code,
        }
    }

    /// Any body at all?
    pub const fn any(self) -> bool {
        self.request_body || self.response_body
    }
}

/// A compiled element.
pub struct Step {
    /// About it.
    pub info: StepInfo,
    /// What it does.
    pub kind: StepKind,
}

impl Step {
    /// May it look at anything of the exchange besides what its definition says? Expressions and wrappers may.
    fn looks_at_exchange(&self) -> bool {
        self.info.needs.code || !matches!(self.kind, StepKind::Now(_))
    }
}

/// Steps in order; cheap to clone.
#[derive(Clone, Default)]
pub struct Block {
    steps: Arc<[Arc<Step>]>,
    now: bool,
}

impl Block {
    /// A block of these steps.
    pub fn new(steps: Vec<Arc<Step>>) -> Self {
        let now = steps.iter().all(|step| match &step.kind {
            _ if step.info.needs.any() => false,
            StepKind::Now(_) => true,
            StepKind::Io(_) => false,
            StepKind::Choose(choose) => {
                choose.when.iter().all(|(_, block)| block.now) && choose.otherwise.as_ref().is_none_or(|b| b.now)
            }
        });
        Self { steps: steps.into(), now }
    }

    /// The steps.
    pub fn steps(&self) -> &[Arc<Step>] {
        &self.steps
    }

    /// Can all of it run without waiting?
    pub const fn is_now(&self) -> bool {
        self.now
    }

    /// Is there nothing in it?
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.steps.iter().map(|step| step.info.element)).finish()
    }
}

/// The effective policy of one operation in one product context.
#[derive(Clone, Debug, Default)]
pub struct Pipeline {
    /// Steps of `inbound`.
    pub inbound: Block,
    /// Steps of `backend`.
    pub backend: Block,
    /// Steps of `outbound`.
    pub outbound: Block,
    /// Steps of `on-error`.
    pub on_error: Block,
    /// Must the request's head outlive `forward-request`, because something behind it may look?
    pub keeps_request_head: bool,
}

impl Pipeline {
    /// A pipeline of these sections.
    pub fn new(inbound: Block, backend: Block, outbound: Block, on_error: Block) -> Self {
        let looks = |block: &Block| block.steps().iter().any(|step| step.looks_at_exchange());
        let lone = matches!(backend.steps(), [step] if step.info.element == "forward-request");
        let keeps_request_head = !lone || looks(&outbound) || looks(&on_error);
        Self { inbound, backend, outbound, on_error, keeps_request_head }
    }

    /// The steps of a section.
    pub const fn section(&self, section: Section) -> &Block {
        match section {
            Section::Inbound => &self.inbound,
            Section::Backend => &self.backend,
            Section::Outbound => &self.outbound,
            Section::OnError => &self.on_error,
        }
    }
}
