//! One request from sign-in to answer, and every change as a transaction.

use std::path::PathBuf;
use std::sync::Arc;

use apimite_clock::{Clock, Timestamp};
use parking_lot::{Mutex, RwLock};

use crate::cx::{Cx, View, World};
use crate::effect::{Gateways, Plan, Served};
use crate::error::{ArmError, Detail, Result};
use crate::login::{self, Credentials};
use crate::operations::{self, Pace};
use crate::path::key;
use crate::request::{Answer, Request};
use crate::route;
use crate::state::State;
use crate::token::Authority;

/// What management is opened with.
pub struct Options {
    /// Where the state is kept; `None` keeps it in memory.
    pub file: Option<PathBuf>,
    /// Random bytes that tokens and keys are made from, for a new state.
    pub seed: [u8; 32],
    /// Time.
    pub clock: Clock,
    /// Who may sign in.
    pub credentials: Credentials,
    /// How long operations take.
    pub pace: Pace,
}

/// Management of one stand-in.
pub struct Arm {
    state: RwLock<Arc<State>>,
    /// Orders changes.
    writing: Mutex<()>,
    pub(crate) authority: Authority,
    gateways: Arc<dyn Gateways>,
    options: Options,
}

impl Arm {
    /// Opens the state, or begins one, and puts what it says in force.
    ///
    /// # Errors
    /// A sentence: the file cannot be used, or what it says is refused by the gateway.
    pub fn open(options: Options, gateways: Arc<dyn Gateways>) -> std::result::Result<Self, String> {
        let read = options.file.as_deref().map(State::read).transpose();
        let shown = options.file.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
        let state = read.map_err(|error| format!("the state `{shown}` cannot be used: {error}"))?.flatten();
        let state = state.unwrap_or_else(|| State::new(options.seed));
        let authority = Authority::new(&state.seed());
        let arm = Self { state: RwLock::new(Arc::new(state)), writing: Mutex::new(()), authority, gateways, options };
        arm.change("", &mut |cx| crate::kinds::configured::adopt(cx)).map_err(|error| {
            let list: Vec<&str> = error.details.iter().map(|one| one.message.as_str()).collect();
            format!("the state `{shown}` is refused: {} {}", error.message, list.join("; "))
        })?;
        Ok(arm)
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.options.clock
    }

    /// The state at present.
    pub fn state(&self) -> Arc<State> {
        self.state.read().clone()
    }

    /// The one subscription there is.
    pub fn subscription(&self) -> String {
        crate::groups::subscription(&self.state(), &self.gateways.configured())
    }

    pub(crate) fn pace(&self) -> Pace {
        self.options.pace
    }

    fn world(&self, base: &str) -> World {
        World {
            now: self.options.clock.now(),
            base: base.to_owned(),
            authority: self.authority.clone(),
            configured: self.gateways.configured(),
            gateways: self.gateways.clone(),
        }
    }

    /// Looks at the state.
    pub(crate) fn look<T>(&self, base: &str, run: impl FnOnce(&View<'_>) -> T) -> T {
        let state = self.state();
        let world = self.world(base);
        run(&View { state: &state, world: &world })
    }

    /// Changes the state, all or nothing: in memory, in the gateways and in the file.
    pub(crate) fn change<T>(&self, base: &str, run: &mut dyn FnMut(&mut Cx<'_>) -> Result<T>) -> Result<T> {
        let _one_at_a_time = self.writing.lock();
        let before = self.state();
        let mut draft = State::clone(&before);
        let world = self.world(base);
        let outcome = run(&mut Cx { state: &mut draft, world: &world })?;
        let plan = plan(&View { state: &draft, world: &world });
        let in_force = self.gateways.prepare(plan).map_err(refused)?;
        if let Some(file) = &self.options.file {
            draft.write(file).map_err(|error| {
                ArmError::new(500, "InternalServerError", format!("`{}` cannot be written: {error}", file.display()))
            })?;
        }
        *self.state.write() = Arc::new(draft);
        in_force();
        Ok(outcome)
    }

    /// Tries a change without making it.
    pub(crate) fn rehearse<T>(&self, base: &str, run: &mut dyn FnMut(&mut Cx<'_>) -> Result<T>) -> Result<T> {
        let mut draft = State::clone(&self.state());
        let world = self.world(base);
        let outcome = run(&mut Cx { state: &mut draft, world: &world })?;
        let plan = plan(&View { state: &draft, world: &world });
        let never = self.gateways.prepare(plan).map_err(refused)?;
        drop(never);
        Ok(outcome)
    }

    /// Puts everything in force again, after the configuration was read anew.
    ///
    /// # Errors
    /// As a change.
    pub fn refresh(&self) -> Result<()> {
        self.change("", &mut |cx| crate::kinds::configured::adopt(cx))
    }

    /// Switches public access of the gateway's own instance, by the same rules as a request.
    ///
    /// # Errors
    /// The rules refuse it.
    pub fn set_public_access(&self, enabled: bool) -> Result<()> {
        self.change("", &mut |cx| crate::kinds::configured::set_public_access(cx, enabled))
    }

    /// Approves or rejects a private endpoint connection of the gateway's own instance, or deletes it (`None`).
    ///
    /// # Errors
    /// There is none of that name, or its state cannot become the other.
    pub fn decide_connection(
        &self,
        name: &str,
        status: Option<apimite_network::ConnectionStatus>,
        description: Option<&str>,
    ) -> Result<()> {
        self.change("", &mut |cx| crate::kinds::configured::decide_connection(cx, name, status, description))
    }

    /// When the next long operation ends.
    pub fn next_end(&self) -> Option<Timestamp> {
        operations::next_end(&self.state())
    }

    /// Ends every long operation whose time has come.
    pub fn settle(&self) {
        operations::settle(self);
    }

    /// Answers one request. May compile policies: not for the thread of an event loop.
    pub fn handle(&self, request: &Request) -> Answer {
        let now = self.options.clock.now();
        if let Some(answer) = login::answer(request, &self.authority, &self.options.credentials, now) {
            return answer;
        }
        if let Err(error) = login::check(request, &self.authority, now) {
            let challenge = format!("Bearer authorization_uri=\"{}/adfs\", error=\"invalid_token\"", request.base);
            return Answer::from(error).with("www-authenticate", challenge);
        }
        self.settle();
        route::answer(self, request).unwrap_or_else(Answer::from)
    }
}

/// A refusal of the gateway.
fn refused(details: Vec<Detail>) -> ArmError {
    match details.as_slice() {
        [one] if one.code != "ValidationError" => ArmError::new(409, &one.code, one.message.clone()),
        _ => ArmError { details, ..ArmError::bad("ValidationError", "One or more fields contain incorrect values:") },
    }
}

/// What is to be in force.
fn plan(view: &View<'_>) -> Plan {
    let primary = view.state.primary.as_deref().map(key);
    let (mut first, mut others) = (None, Vec::new());
    for (id, service) in view.state.network.services() {
        let own = key(id.as_str());
        let below = format!("{own}/");
        let mut children: Vec<_> = view
            .state
            .resources
            .range(below.clone()..)
            .take_while(|(key, _)| key.starts_with(&below))
            .map(|(_, one)| one.clone())
            .collect();
        children.sort_by_key(|one| one.id.matches('/').count());
        let version = (children.iter().map(|one| one.serial).max().unwrap_or(0), children.len());
        let removed: Vec<String> =
            view.state.removed.iter().filter_map(|key| key.strip_prefix(&below)).map(str::to_owned).collect();
        let served = Served {
            id: id.as_str().to_owned(),
            claimed: view.state.claimed,
            name: service.name().to_owned(),
            location: service
                .spec
                .sites
                .first()
                .map(|site| crate::kinds::region_name(&site.location))
                .unwrap_or_default(),
            sku: service.spec.sku.name().to_owned(),
            public: service.spec.public_access == apimite_network::PublicAccess::Enabled,
            hosts: service.spec.hosts.clone(),
            children,
            removed,
            version,
        };
        if primary.as_deref() == Some(&*own) {
            first = Some(served);
        } else {
            others.push(served);
        }
    }
    Plan { primary: first, others, network: Arc::new(view.state.network.clone()) }
}
