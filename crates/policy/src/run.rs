//! The executor: runs an effective policy over an exchange.

use std::borrow::Cow;

use futures_util::future::LocalBoxFuture;

use crate::answer;
use crate::body::BufferError;
use crate::def::Section;
use crate::env::Env;
use crate::exchange::Exchange;
use crate::fault::{BACKEND_CONNECTION_FAILURE, CLIENT_CONNECTION_FAILURE, Fault, Place};
use crate::step::{Block, Choose, Flow, Needs, Pipeline, Step, StepKind};
use crate::traced::{self, Before};

/// Runs inbound, backend and outbound, and on-error after a fault. Afterwards `exchange.response` holds the answer.
///
/// Cancel safe in the sense that dropping the future abandons the exchange; nothing is left running.
pub async fn run(pipeline: &Pipeline, exchange: &mut Exchange, env: &Env) {
    exchange.keep_request_head = pipeline.keeps_request_head;
    for section in [Section::Inbound, Section::Backend, Section::Outbound] {
        exchange.section = section;
        let block = pipeline.section(section);
        let outcome =
            if block.is_now() { run_now(block, exchange, env) } else { run_steps(block, exchange, env).await };
        match outcome {
            Ok(Flow::Next) => {}
            Ok(Flow::Respond) => break,
            Ok(Flow::Outbound) if section == Section::Inbound => {
                exchange.section = Section::Outbound;
                match run_block(&behind_store(&pipeline.outbound), exchange, env).await {
                    Ok(_) => {}
                    Err(fault) => fail(pipeline, fault, exchange, env).await,
                }
                break;
            }
            Ok(Flow::Outbound) => {}
            Err(fault) => {
                fail(pipeline, fault, exchange, env).await;
                break;
            }
        }
        if section == Section::Backend {
            exchange.response_mut();
            if let Err(fault) = after_backend(exchange, env).await {
                fail(pipeline, fault, exchange, env).await;
                break;
            }
        }
    }
    finish(exchange, env).await;
}

/// What policies of inbound want to do between backend and outbound.
async fn after_backend(exchange: &mut Exchange, env: &Env) -> Result<(), Fault> {
    if exchange.after_backend.is_empty() {
        return Ok(());
    }
    for work in std::mem::take(&mut exchange.after_backend) {
        work(exchange, env).await?;
    }
    Ok(())
}

/// What still runs for an answer from the cache: the steps behind `cache-store` or its semantic siblings, for what stands
/// before it is in the answer.
fn behind_store(outbound: &Block) -> Block {
    match outbound.steps().iter().position(|step| step.info.element.ends_with("cache-store")) {
        Some(index) => Block::new(outbound.steps().iter().skip(index + 1).cloned().collect()),
        None => outbound.clone(),
    }
}

/// Answers a fault of a built-in step (no route, no key): sets `LastError`, runs on-error.
pub async fn run_fault(pipeline: &Pipeline, fault: Fault, exchange: &mut Exchange, env: &Env) {
    fail(pipeline, fault, exchange, env).await;
    finish(exchange, env).await;
}

/// Answers a request that no API matched: by a step of the global inbound section that does so, else with the fault.
pub async fn run_unrouted(pipeline: &Pipeline, fault: Fault, exchange: &mut Exchange, env: &Env) {
    let answers = |step: &&std::sync::Arc<Step>| match &step.kind {
        StepKind::Now(now) => now.answers_unrouted(exchange),
        StepKind::Io(_) | StepKind::Choose(_) => false,
    };
    let Some(step) = pipeline.inbound.steps().iter().find(answers).cloned() else {
        return run_fault(pipeline, fault, exchange, env).await;
    };
    match run_block(&Block::new(vec![step]), exchange, env).await {
        Ok(_) => finish(exchange, env).await,
        Err(fault) => run_fault(pipeline, fault, exchange, env).await,
    }
}

async fn finish(exchange: &mut Exchange, env: &Env) {
    if !exchange.answer_changes.is_empty() {
        let changes = std::mem::take(&mut exchange.answer_changes);
        let response = exchange.response_mut();
        for change in changes {
            change(response);
        }
    }
    exchange.response_mut();
    for work in std::mem::take(&mut exchange.deferred) {
        if let Some(more) = work(exchange, env) {
            more.await;
        }
    }
}

async fn fail(pipeline: &Pipeline, fault: Fault, exchange: &mut Exchange, env: &Env) {
    if exchange.trace.is_some() {
        traced::fault(&fault, exchange);
    }
    exchange.set_last_error(&fault);
    if !fault.keeps_response || exchange.response.is_none() {
        exchange.response = Some(answer::of_fault(&fault, &exchange.request_id.to_string()));
    }
    exchange.section = Section::OnError;
    // A fault inside on-error stops it; what the response holds is the answer.
    if let Err(second) = run_block(&pipeline.on_error, exchange, env).await
        && exchange.trace.is_some()
    {
        traced::fault(&second, exchange);
    }
}

/// Runs the steps of a block; wrappers such as `retry` call it for their children.
///
/// # Errors
/// The fault of the step that failed, with its place.
pub fn run_block<'a>(
    block: &'a Block,
    exchange: &'a mut Exchange,
    env: &'a Env,
) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
    if block.is_now() {
        let outcome = run_now(block, exchange, env);
        return Box::pin(std::future::ready(outcome));
    }
    Box::pin(run_steps(block, exchange, env))
}

async fn run_steps(block: &Block, exchange: &mut Exchange, env: &Env) -> Result<Flow, Fault> {
    for step in block.steps() {
        if step.info.needs.any() {
            buffer(step.info.needs, exchange, env).await.map_err(|fault| placed(fault, step))?;
        }
        let before = Before::of(exchange);
        let outcome = match &step.kind {
            StepKind::Now(now) => now.run(exchange, env),
            StepKind::Io(io) => io.run(exchange, env).await,
            StepKind::Choose(choose) => match branch(choose, exchange) {
                Ok(Some(block)) if block.is_now() => run_now(block, exchange, env),
                Ok(Some(block)) => run_block(block, exchange, env).await,
                Ok(None) => Ok(Flow::Next),
                Err(fault) => Err(fault),
            },
        };
        after(step, before, exchange);
        match outcome {
            Ok(Flow::Next) => {}
            Ok(flow) => return Ok(flow),
            Err(fault) => return Err(placed(fault, step)),
        }
    }
    Ok(Flow::Next)
}

/// Runs a block in which nothing waits.
fn run_now(block: &Block, exchange: &mut Exchange, env: &Env) -> Result<Flow, Fault> {
    for step in block.steps() {
        let before = Before::of(exchange);
        let outcome = match &step.kind {
            StepKind::Now(now) => now.run(exchange, env),
            StepKind::Choose(choose) => match branch(choose, exchange) {
                Ok(Some(block)) => run_now(block, exchange, env),
                Ok(None) => Ok(Flow::Next),
                Err(fault) => Err(fault),
            },
            StepKind::Io(_) => Ok(Flow::Next),
        };
        after(step, before, exchange);
        match outcome {
            Ok(Flow::Next) => {}
            Ok(flow) => return Ok(flow),
            Err(fault) => return Err(placed(fault, step)),
        }
    }
    Ok(Flow::Next)
}

fn branch<'a>(choose: &'a Choose, exchange: &Exchange) -> Result<Option<&'a Block>, Fault> {
    for (condition, block) in &choose.when {
        if condition.get(exchange)? {
            return Ok(Some(block));
        }
    }
    Ok(choose.otherwise.as_ref())
}

/// Tells the trace, if there is one, what a step said and did.
fn after(step: &Step, before: Option<Before>, exchange: &mut Exchange) {
    if let Some(before) = before {
        before.tell(step, exchange);
    }
}

fn placed(mut fault: Fault, step: &Step) -> Fault {
    if fault.source.is_empty() {
        fault.source = Cow::Borrowed(step.info.element);
    }
    if fault.place.is_none() {
        fault.place = Some(Place {
            scope: step.info.scope,
            section: step.info.section,
            path: step.info.path.clone(),
            policy_id: step.info.id.clone(),
        });
    }
    fault
}

/// Brings the bodies that a step reads into memory.
///
/// # Errors
/// A fault when a body is too large or its transport fails.
pub async fn buffer(needs: Needs, exchange: &Exchange, env: &Env) -> Result<(), Fault> {
    if needs.request_body && exchange.request.body.is_stream() {
        exchange.request.body.buffer(env.buffer_limit).await.map_err(|error| match error {
            BufferError::TooLarge(limit) => Fault::refused(
                http::StatusCode::PAYLOAD_TOO_LARGE,
                "RequestTooLarge",
                format!("Request body is larger than {limit} bytes."),
            ),
            BufferError::Transport(error) => Fault::internal(CLIENT_CONNECTION_FAILURE, error.to_string()),
        })?;
    }
    if needs.response_body
        && let Some(response) = &exchange.response
        && response.body.is_stream()
    {
        response.body.buffer(env.buffer_limit).await.map_err(|error| {
            Fault::internal(BACKEND_CONNECTION_FAILURE, error.to_string()).source("forward-request")
        })?;
    }
    Ok(())
}
