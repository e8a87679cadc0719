//! The connection of a client that subscribes to a synthetic GraphQL API.
//!
//! Source: publish-event policy reference; GraphQL overview: no queries and mutations over WebSocket; protocol page of `graphql-ws`.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::resolvers::Resolvers;
use apimite_policy::socket::{Message, Socket, Talk};
use futures_util::future::LocalBoxFuture;
use serde_json::{Map, Value};
use tokio::sync::mpsc::channel;

use super::guard::{Guard, Verdict};
use super::hub::{Event, Hub, Inbox, Subscription, field_of};
use super::protocol::{Heard, Protocol};
use super::{Prepared, Query, Sdl, message};

/// How long a client may take to say `connection_init`.
const GREETING: Duration = Duration::from_secs(3);
/// How long a client may take to take a message.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// Most events that wait for a connection.
const QUEUE: usize = 64;
/// Most subscriptions of a connection.
const MOST: usize = 100;

/// Why a connection ends: a code and a reason.
type End = (u16, String);

/// A connection.
pub(super) struct Session {
    /// `None` when the client offers no protocol that is spoken here.
    pub(super) protocol: Option<Protocol>,
    /// The exchange of the handshake, as it was then.
    pub(super) exchange: Exchange,
    pub(super) resolvers: Arc<Resolvers>,
    pub(super) sdl: Result<Arc<Sdl>, String>,
    /// What `validate-graphql-request` asked for at the handshake.
    pub(super) guard: Option<Guard>,
}

/// The operations of a connection.
struct Running {
    operations: HashMap<Arc<str>, (Prepared, Vec<Value>, Subscription)>,
    inbox: Inbox,
    hub: Arc<Hub>,
}

/// Sends a message; `false` when the connection is over, or the client does not take it.
pub(super) async fn say(socket: &mut dyn Socket, env: &Env, message: Message) -> bool {
    env.clock.timeout(PATIENCE, socket.send(message)).await.unwrap_or(false)
}

impl Session {
    async fn talk(&self, client: &mut dyn Socket, env: &Env) -> Option<End> {
        let Some(protocol) = self.protocol else { return Some((4406, "Subprotocol not acceptable".to_owned())) };
        let (sender, mut events) = channel(QUEUE);
        let lagged = Arc::new(AtomicBool::new(false));
        let inbox = Inbox { sender, lagged: Arc::clone(&lagged) };
        let hub = env.shared.get_or_make(Hub::default);
        let mut running = Running { operations: HashMap::new(), inbox, hub };
        let mut late = std::pin::pin!(env.clock.sleep(GREETING));
        let mut greeted = false;
        loop {
            let heard = tokio::select! {
                biased;
                () = &mut late, if !greeted => {
                    return Some((4408, "Connection initialisation timeout".to_owned()));
                }
                Some(event) = events.recv() => {
                    if let Some(text) = self.event(protocol, &event, &running, env).await
                        && !say(client, env, Message::Text(text)).await
                    {
                        return None;
                    }
                    if lagged.load(Ordering::Acquire) && events.is_empty() {
                        return Some((1013, "The client does not take its events".to_owned()));
                    }
                    continue;
                }
                message = client.receive() => match message? {
                    Message::Text(text) => protocol.read(&text).map(|heard| (heard, text.len())),
                    Message::Binary(_) => Err("The message is no text."),
                    Message::Close(_) => return None,
                },
            };
            let answer = match heard {
                Err(why) => return Some((4400, why.to_owned())),
                Ok((Heard::Init, _)) if greeted => return Some((4429, "Too many initialisation requests".to_owned())),
                Ok((Heard::Init, _)) => {
                    greeted = true;
                    Some(Protocol::ack())
                }
                Ok((Heard::Ping(payload), _)) => Some(Protocol::pong(payload)),
                Ok((Heard::Pong, _)) => None,
                Ok((Heard::Terminate, _)) => return Some((1000, String::new())),
                Ok((Heard::Complete { id }, _)) => {
                    running.operations.remove(id.as_str());
                    None
                }
                Ok((Heard::Subscribe { .. }, _)) if !greeted => return Some((4401, "Unauthorized".to_owned())),
                Ok((Heard::Subscribe { id, query }, size)) => {
                    if running.operations.contains_key(id.as_str()) {
                        return Some((4409, format!("Subscriber for {id} already exists")));
                    }
                    match self.begin(&id, query, size, &mut running) {
                        Ok(()) => None,
                        Err(errors) => Some(protocol.error(&id, errors)),
                    }
                }
            };
            if let Some(text) = answer
                && !say(client, env, Message::Text(text)).await
            {
                return None;
            }
        }
    }

    /// Begins a subscription.
    ///
    /// # Errors
    /// The errors as GraphQL answers them.
    fn begin(
        &self,
        id: &str,
        query: Result<Query, String>,
        size: usize,
        running: &mut Running,
    ) -> Result<(), Vec<Value>> {
        let told = |text: String| vec![message(text)];
        let mut query = query.map_err(told)?;
        let sdl = self.sdl.as_ref().map_err(|text| told(text.clone()))?;
        if running.operations.len() >= MOST {
            return Err(told(format!("A connection has at most {MOST} subscriptions.")));
        }
        let mut removed = Vec::new();
        if let Some(guard) = &self.guard {
            match guard.check(size as u64, &query, sdl).map_err(|fault| told(fault.message))? {
                Verdict::Passes => {}
                Verdict::Refused(errors) => return Err(errors),
                Verdict::Removed { text, errors } => {
                    query.text = text;
                    removed = errors;
                }
            }
        }
        let prepared = Prepared::new(sdl, query)?;
        if !prepared.operation.is_subscription() {
            return Err(told("Queries and mutations are not served over WebSocket.".to_owned()));
        }
        let field = prepared.operation.root_fields(&prepared.document).next().map(|field| field.name.to_string());
        let field = field_of(&self.exchange, &field.unwrap_or_default());
        let id: Arc<str> = id.into();
        let subscription = running.hub.subscribe(&field, &id, running.inbox.clone());
        let subscription = subscription.ok_or_else(|| told("The gateway has too many subscriptions.".to_owned()))?;
        running.operations.insert(id, (prepared, removed, subscription));
        Ok(())
    }

    /// What a subscription says of an event.
    async fn event(&self, protocol: Protocol, event: &Event, running: &Running, env: &Env) -> Option<String> {
        let (prepared, removed, subscription) = running.operations.get(&event.id)?;
        if subscription.number != event.number {
            return None;
        }
        let sdl = self.sdl.as_ref().ok()?;
        let field = prepared.operation.root_fields(&prepared.document).next()?.name.to_string();
        let mut root = Map::new();
        root.insert(field, (*event.data).clone());
        let around = (&*self.resolvers, &self.exchange, env);
        let payload = prepared.run(sdl, &Value::Object(root), &Map::new(), removed.clone(), around).await;
        Some(protocol.next(&event.id, payload))
    }
}

impl Talk for Session {
    fn run(
        self: Box<Self>,
        mut client: Box<dyn Socket>,
        _backend: Option<Box<dyn Socket>>,
        env: Env,
    ) -> LocalBoxFuture<'static, ()> {
        Box::pin(async move {
            if let Some((code, reason)) = self.talk(&mut *client, &env).await {
                end(&mut *client, &env, code, &reason).await;
            }
        })
    }
}

/// Closes a connection and waits, not for ever, until the other side has heard it.
pub(super) async fn end(socket: &mut dyn Socket, env: &Env, code: u16, reason: &str) {
    if say(socket, env, Message::close(code, reason)).await {
        let rest = async { while socket.receive().await.is_some_and(|one| !matches!(one, Message::Close(_))) {} };
        env.clock.timeout(Duration::from_secs(5), rest).await;
    }
}
