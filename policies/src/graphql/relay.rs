//! A WebSocket that a GraphQL server accepted: its messages pass, but for operations that may not.
//!
//! Source: GraphQL overview: subscriptions alone are supported over WebSocket.

use std::sync::Arc;
use std::time::Duration;

use apimite_policy::env::Env;
use apimite_policy::socket::{Message, Socket, Talk};
use apollo_compiler::ast;
use apollo_compiler::parser::Parser;
use futures_util::future::LocalBoxFuture;
use serde_json::Value;

use super::guard::{Guard, Verdict};
use super::protocol::{Heard, Protocol};
use super::session::say;
use super::{NESTING, Query, Sdl, TOKENS, message};

/// How long the other side may take to end after the first.
const FAREWELL: Duration = Duration::from_secs(5);

/// A connection between a client and a GraphQL server.
pub(super) struct Relay {
    /// What the server chose; `None` when it is nothing that is known here, and then everything passes.
    pub(super) protocol: Option<Protocol>,
    pub(super) sdl: Result<Arc<Sdl>, String>,
    /// What `validate-graphql-request` asked for at the handshake.
    pub(super) guard: Option<Guard>,
}

/// What becomes of a message of the client.
#[derive(Debug)]
enum Passed {
    /// It goes to the server.
    On(String),
    /// The client gets this answer, and the server nothing.
    Answered(String),
}

/// Is it an operation that may go over a WebSocket? What cannot be read is left to the server.
fn subscribes(query: &Query) -> bool {
    let parser = Parser::new().recursion_limit(NESTING).token_limit(TOKENS).parse_ast(&query.text, "query.graphql");
    let Ok(document) = parser else { return true };
    let mut operations = document.definitions.iter().filter_map(|definition| match definition {
        ast::Definition::OperationDefinition(operation) => Some(operation),
        _ => None,
    });
    let meant = match &query.operation {
        Some(name) => operations.find(|one| one.name.as_ref().is_some_and(|own| own.as_str() == name)),
        None => operations.next(),
    };
    meant.is_none_or(|operation| operation.operation_type == ast::OperationType::Subscription)
}

impl Relay {
    fn pass(&self, text: String) -> Passed {
        let Some(protocol) = self.protocol else { return Passed::On(text) };
        let Ok(Heard::Subscribe { id, query: Ok(query) }) = protocol.read(&text) else { return Passed::On(text) };
        let refused = |errors: Vec<Value>| Passed::Answered(protocol.error(&id, errors));
        if !subscribes(&query) {
            return refused(vec![message("Queries and mutations are not served over WebSocket.")]);
        }
        let Some(guard) = &self.guard else { return Passed::On(text) };
        let sdl = match &self.sdl {
            Ok(sdl) => sdl,
            Err(why) => return refused(vec![message(why.as_str())]),
        };
        match guard.check(text.len() as u64, &query, sdl) {
            Ok(Verdict::Passes) => Passed::On(text),
            Ok(Verdict::Refused(errors)) => refused(errors),
            Ok(Verdict::Removed { text: document, .. }) => {
                let mut value: Value = serde_json::from_str(&text).unwrap_or_default();
                if let Some(query) = value.get_mut("payload").and_then(|payload| payload.get_mut("query")) {
                    *query = Value::String(document);
                }
                Passed::On(value.to_string())
            }
            Err(fault) => refused(vec![message(fault.message)]),
        }
    }
}

impl Talk for Relay {
    fn run(
        self: Box<Self>,
        mut client: Box<dyn Socket>,
        backend: Option<Box<dyn Socket>>,
        env: Env,
    ) -> LocalBoxFuture<'static, ()> {
        Box::pin(async move {
            let Some(mut backend) = backend else { return };
            let (client, backend) = (&mut *client, &mut *backend);
            loop {
                let (said, to_backend) = tokio::select! {
                    said = client.receive() => (said, true),
                    said = backend.receive() => (said, false),
                };
                let said = match said {
                    Some(Message::Text(text)) if to_backend => match self.pass(text) {
                        Passed::On(text) => Message::Text(text),
                        Passed::Answered(text) => {
                            if say(client, &env, Message::Text(text)).await {
                                continue;
                            }
                            return;
                        }
                    },
                    Some(Message::Close(why)) => {
                        let other = if to_backend { &mut *backend } else { &mut *client };
                        return farewell(other, &env, why).await;
                    }
                    Some(said) => said,
                    // Source: RFC 6455, section 7.4.1: what went away said no code; 1001 is told in its place.
                    None => {
                        let other = if to_backend { &mut *backend } else { &mut *client };
                        return farewell(other, &env, Some((1001, String::new()))).await;
                    }
                };
                let other = if to_backend { &mut *backend } else { &mut *client };
                if !say(other, &env, said).await {
                    return;
                }
            }
        })
    }
}

/// Passes the end on, and lets the other side answer it.
async fn farewell(other: &mut dyn Socket, env: &Env, why: Option<(u16, String)>) {
    if say(other, env, Message::Close(why)).await {
        let rest = async { while other.receive().await.is_some_and(|one| !matches!(one, Message::Close(_))) {} };
        env.clock.timeout(FAREWELL, rest).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(text: &str, operation: Option<&str>) -> bool {
        subscribes(&Query { text: text.to_owned(), operation: operation.map(str::to_owned), ..Query::default() })
    }

    #[test]
    fn only_subscriptions_go_over_a_websocket() {
        assert!(asks("subscription { a }", None));
        assert!(!asks("{ a }", None));
        assert!(!asks("mutation { a }", None));
        let both = "query Q { a } subscription S { a }";
        assert!(!asks(both, Some("Q")));
        assert!(asks(both, Some("S")));
        assert!(asks("what is {", None), "the server tells what is wrong");
    }
}
