//! `wait`: runs its policies side by side and waits for all of them, or for the first.
//!
//! Each child works on a copy of the exchange; what it changed is taken over when it is done, in the order of the document.
//! The first fault ends the others.
//!
//! Source: wait policy reference; the schema has more children than the page.

use apimite_document::Element;
use apimite_policy::arg::TextArg;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Content, Kind, PolicyDef, Refused};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::{EXPRESSION_FAILED, Fault};
use apimite_policy::run::run_block;
use apimite_policy::step::{Block, Flow, Io, Needs, StepKind};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    attributes: &[Attr::new("for", Kind::OneOf(&["all", "any"])).default("all")],
    content: Content::SomePolicies(&[
        "choose",
        "send-request",
        "cache-lookup-value",
        "cache-store-value",
        "forward-request",
        "authentication-managed-identity",
        "authentication-token",
    ]),
    differences: &[
        "what becomes of a failing child is not documented; here the first fault ends the policy and the others",
    ],
    ..PolicyDef::new("wait", "Runs policies side by side and waits for all of them, or for the first.", compile)
};

struct Wait {
    mode: TextArg,
    /// A block for each child.
    children: Vec<Block>,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let mode = cx.text(element, "for")?;
    let block = cx.block(element);
    // A copy of the exchange has the bodies that are in memory: they are brought there before it is made.
    cx.needs(Needs { code: true, ..reads(&block) });
    let children = block.steps().iter().map(|step| Block::new(vec![step.clone()])).collect();
    Ok(StepKind::io(Wait { mode, children }))
}

/// Policies that wait, hold no others, and say themselves which bodies they read.
const ALONE: &[&str] = &["send-request", "cache-lookup-value", "cache-store-value", "cache-remove-value"];

/// Bodies that anything in a block reads.
fn reads(block: &Block) -> Needs {
    block.steps().iter().fold(Needs::default(), |needs, step| {
        let inner = match &step.kind {
            StepKind::Choose(choose) => {
                let branches = choose.when.iter().map(|(_, block)| block).chain(&choose.otherwise);
                branches.fold(Needs::default(), |needs, block| needs.or(reads(block)))
            }
            StepKind::Io(_) if ALONE.contains(&step.info.element) => Needs::default(),
            // What stands inside a wrapper is not seen here.
            StepKind::Io(_) => Needs { request_body: true, response_body: true, code: false },
            StepKind::Now(_) => Needs::default(),
        };
        needs.or(inner).or(step.info.needs)
    })
}

impl Io for Wait {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            let any = match self.mode.get(exchange)?.trim() {
                mode if mode.eq_ignore_ascii_case("all") => false,
                mode if mode.eq_ignore_ascii_case("any") => true,
                mode => {
                    let text = format!("Expression evaluation failed. `{mode}` is no value of for.");
                    return Err(Fault::internal(EXPRESSION_FAILED, text));
                }
            };
            let base = exchange.fork();
            let mut forks: Vec<Exchange> = self.children.iter().map(|_| exchange.fork()).collect();
            let mut outcome = Ok(Flow::Next);
            let mut done = Vec::new();
            {
                let work = self.children.iter().zip(&mut forks).enumerate();
                let mut running: FuturesUnordered<_> = work
                    .map(|(index, (block, fork))| async move { (index, run_block(block, fork, env).await) })
                    .collect();
                while let Some((index, result)) = running.next().await {
                    done.push(index);
                    let goes_on = matches!(result, Ok(Flow::Next));
                    outcome = result;
                    if any || !goes_on {
                        break;
                    }
                }
            }
            for (index, fork) in forks.into_iter().enumerate() {
                if done.contains(&index) {
                    exchange.join(&base, fork);
                }
            }
            outcome
        })
    }
}
