//! What can be changed about a running gateway.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use apimite_arm::Arm;
use apimite_arm::effect::{Configured, Plan};
use apimite_clock::Clock;
use apimite_counters::sync::NodeId;
use apimite_counters::{
    CounterFilter, CounterView, Counters, Kind, Metrics, Outcome, PeriodBounds, RunningCounters, Usage,
};
use apimite_diag::{Diagnostic, Diagnostics};
use apimite_gateway::{Snapshot, StandIns};
use apimite_import::{FileRead, Imported};
use apimite_management::local::{ClockChange, Local};
use apimite_management::traces::Traces;
use apimite_model::PublicAccess;
use apimite_network::{ConnectionStatus, ResourceId, names};
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::certificates::Issuer;
use super::dependencies::Dependencies;
use super::manage::{self, Compiled};
use super::network::Networking;
use crate::args::Format;
use crate::load::{self, Origin};
use crate::report;

/// What is in force, for whoever changes it.
pub(crate) struct InForce {
    snapshot: Arc<ArcSwap<Snapshot>>,
    networking: Arc<Networking>,
    /// What was compiled last.
    compiled: Mutex<Option<Compiled>>,
    /// Issues certificates for new names.
    issuer: OnceLock<Arc<Issuer>>,
    /// The names it was last asked for.
    issued: Mutex<Vec<String>>,
}

impl InForce {
    /// Serves new requests by what was compiled.
    pub(crate) fn put(&self, compiled: Compiled, access: PublicAccess, plan: &Plan) {
        if let (Some(issuer), Some(served)) = (self.issuer.get(), &plan.primary) {
            let mut names = vec![names::gateway(&served.name), names::private(&served.name)];
            names.extend(served.hosts.iter().cloned());
            let mut issued = self.issued.lock();
            if *issued != names {
                issuer.also_for(&names);
                *issued = names;
            }
        }
        if let Some(served) = &plan.primary {
            self.networking.follow(plan.network.clone(), ResourceId::new(&served.id));
        }
        let snapshot = compiled.snapshot();
        if snapshot.compiled.service.public_access == access {
            self.snapshot.store(snapshot);
        } else {
            self.snapshot.store(Arc::new(snapshot.with_public_access(access)));
        }
        *self.compiled.lock() = Some(compiled);
    }
}

/// A running gateway's configuration and clock.
pub(crate) struct Running {
    origin: Origin,
    in_force: Arc<InForce>,
    /// What the configuration said when it was last read without fault.
    imported: ArcSwap<Imported>,
    /// The same as management sees it.
    pub(super) configured: ArcSwap<Configured>,
    /// Azure Resource Manager, once it is there: every change of the network goes through it.
    arm: OnceLock<Arc<Arm>>,
    /// Why management's last change was refused, for the terminal.
    why: Mutex<Diagnostics>,
    networking: Arc<Networking>,
    /// Debug tokens and traces, once they are there.
    traces: OnceLock<Arc<dyn Traces>>,
    /// What became of attempts to reach dependencies.
    pub(super) tried: Mutex<Dependencies>,
    echo: SocketAddr,
    clock: Clock,
    counters: Counters,
    metrics: Metrics,
    allow_clock: bool,
    stand_ins: Arc<StandIns>,
    /// What the configuration in force, or the last refused one, was read from.
    files: Mutex<Vec<FileRead>>,
    /// What was set while running and outlives a reload; the lock also orders changes.
    public_access: Mutex<Option<PublicAccess>>,
}

impl Running {
    pub(crate) fn new(
        origin: Origin,
        snapshot: Arc<ArcSwap<Snapshot>>,
        networking: Arc<Networking>,
        echo: SocketAddr,
        clock: Clock,
        stores: &RunningCounters,
        allow_clock: bool,
        imported: Imported,
    ) -> Self {
        let files = Mutex::new(imported.files.clone());
        let imported = Arc::new(imported);
        let compiled = Compiled::first(imported.clone(), snapshot.load_full());
        Self {
            origin,
            in_force: Arc::new(InForce {
                snapshot,
                networking: networking.clone(),
                compiled: Mutex::new(Some(compiled)),
                issuer: OnceLock::new(),
                issued: Mutex::default(),
            }),
            configured: ArcSwap::from_pointee(manage::configured(&imported)),
            imported: ArcSwap::new(imported),
            arm: OnceLock::new(),
            why: Mutex::default(),
            networking,
            traces: OnceLock::new(),
            tried: Mutex::default(),
            echo,
            clock,
            counters: stores.counters.clone(),
            metrics: stores.metrics(),
            allow_clock,
            stand_ins: Arc::default(),
            files,
            public_access: Mutex::new(None),
        }
    }

    /// The scripts that are exchanged with the configuration.
    pub(crate) fn with_stand_ins(self, stand_ins: Arc<StandIns>) -> Self {
        Self { stand_ins, ..self }
    }

    /// Where traces are.
    pub(super) fn traced_by(&self, traces: Arc<dyn Traces>) {
        // It is told once, when the gateway starts.
        let _ = self.traces.set(traces);
    }

    pub(super) fn traces(&self) -> Option<&Arc<dyn Traces>> {
        self.traces.get()
    }

    /// From now on changes go through management.
    pub(crate) fn managed_by(&self, arm: Arc<Arm>) {
        // It is told once, when the gateway starts.
        let _ = self.arm.set(arm);
    }

    /// New names of the service get certificates from here.
    pub(super) fn issued_by(&self, issuer: Arc<Issuer>) {
        let _ = self.in_force.issuer.set(issuer);
        let name = &self.imported().service.name;
        *self.in_force.issued.lock() = vec![names::gateway(name), names::private(name)];
    }

    /// The counters.
    pub(crate) const fn counting(&self) -> &Counters {
        &self.counters
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn echo(&self) -> SocketAddr {
        self.echo
    }

    pub(super) fn imported(&self) -> Arc<Imported> {
        self.imported.load_full()
    }

    pub(super) fn in_force(&self) -> Arc<InForce> {
        self.in_force.clone()
    }

    pub(super) fn compiled_last(&self) -> parking_lot::MutexGuard<'_, Option<Compiled>> {
        self.in_force.compiled.lock()
    }

    pub(super) fn found(&self, found: Diagnostics) {
        *self.why.lock() = found;
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Reads and compiles everything again, then swaps one pointer; nothing changes when it is refused.
    ///
    /// # Errors
    /// Every refusal.
    pub(crate) fn reload(&self) -> Result<Diagnostics, Diagnostics> {
        let imported = load::import(&self.origin)?;
        self.put_in_force(imported)
    }

    /// Reloads after something below the folder changed, unless none of the files that count did.
    pub(crate) fn reload_changed(&self) {
        match load::import(&self.origin) {
            Ok(imported) if *self.files.lock() == imported.files => {}
            Ok(imported) => self.tell(self.put_in_force(imported)),
            Err(refusals) => self.tell(Err(refusals)),
        }
    }

    fn put_in_force(&self, imported: Imported) -> Result<Diagnostics, Diagnostics> {
        let chosen = self.public_access.lock();
        self.files.lock().clone_from(&imported.files);
        if imported.diagnostics.has_errors() {
            return Err(imported.diagnostics);
        }
        if let Some(arm) = self.arm.get() {
            let mut warnings = imported.diagnostics.clone();
            let before = self.imported.swap(Arc::new(imported));
            self.configured.store(Arc::new(manage::configured(&self.imported.load())));
            self.found(Diagnostics::default());
            let outcome = arm.refresh();
            let found = std::mem::take(&mut *self.why.lock());
            return match outcome {
                Ok(()) => {
                    let imported = self.imported.load();
                    self.networking.reload(&imported.settings, &imported.service);
                    self.stand_ins.load(&self.imported.load().service.stand_ins);
                    warnings.extend(found);
                    Ok(warnings)
                }
                Err(error) => {
                    self.configured.store(Arc::new(manage::configured(&before)));
                    self.imported.store(before);
                    Err(if found.has_errors() {
                        found
                    } else {
                        Diagnostics(vec![Diagnostic::new("arm::refused", error.to_string())])
                    })
                }
            };
        }
        let mut service = imported.service;
        load::with_echo(&mut service, self.echo);
        if let Some(access) = *chosen {
            service.public_access = access;
        }
        let stand_ins = service.stand_ins.clone();
        super::network::check(&imported.settings)?;
        let (snapshot, mut warnings) = load::compile(service, load::budget(&imported.settings))?;
        self.stand_ins.load(&stand_ins);
        warnings.extend(imported.diagnostics);
        self.networking.reload(&imported.settings, &snapshot.compiled.service);
        self.in_force.snapshot.store(Arc::new(snapshot));
        Ok(warnings)
    }

    /// Reloads and tells the terminal.
    pub(crate) fn reload_and_tell(&self) {
        self.tell(self.reload());
    }

    fn tell(&self, outcome: Result<Diagnostics, Diagnostics>) {
        match outcome {
            Ok(warnings) => {
                for warning in &warnings.0 {
                    eprintln!("{}", warning.render());
                }
                eprintln!("reloaded {}", self.origin.shown());
            }
            Err(refusals) => {
                report::write(&refusals, Format::Text);
                eprintln!("the old configuration stays in force");
            }
        }
    }
}

impl Local for Running {
    fn set_public_access(&self, enabled: bool) -> Result<(), String> {
        if !enabled && self.in_force.snapshot.load().public_access == PublicAccess::Enabled {
            self.networking.may_disable_public_access()?;
        }
        if let Some(arm) = self.arm.get() {
            return arm.set_public_access(enabled).map_err(|error| error.message);
        }
        let mut chosen = self.public_access.lock();
        let access = if enabled { PublicAccess::Enabled } else { PublicAccess::Disabled };
        let now = self.in_force.snapshot.load_full();
        self.in_force.snapshot.store(Arc::new(now.with_public_access(access)));
        *chosen = Some(access);
        Ok(())
    }

    fn network(&self) -> Value {
        let mut report = self.networking.report();
        report["publicNetworkAccess"] = format!("{:?}", self.in_force.snapshot.load().public_access).into();
        report
    }

    fn decide_connection(&self, name: &str, status: &str, description: Option<&str>) -> Result<(), String> {
        let Some(arm) = self.arm.get() else { return self.networking.decide(name, status, description) };
        let known = ConnectionStatus::from_name(status)
            .ok_or_else(|| format!("`{status}` is no state; write Approved or Rejected"))?;
        arm.decide_connection(name, Some(known), description).map_err(|error| error.message)
    }

    fn delete_connection(&self, name: &str) -> Result<(), String> {
        let Some(arm) = self.arm.get() else { return self.networking.delete(name) };
        arm.decide_connection(name, None, None).map_err(|error| error.message)
    }

    fn reload(&self) -> Result<(), String> {
        match self.reload() {
            Ok(_) => Ok(()),
            Err(refusals) => {
                let list: Vec<String> = refusals.0.iter().map(ToString::to_string).collect();
                Err(format!("the old configuration stays in force: {}", list.join("; ")))
            }
        }
    }

    fn clock(&self, change: ClockChange) -> Result<i64, String> {
        if change != ClockChange::Show && !self.allow_clock {
            return Err("the clock may not be moved; start the gateway with --allow-clock".to_owned());
        }
        match change {
            ClockChange::Show => {}
            ClockChange::Advance(by) => self.clock.advance(by),
            ClockChange::Freeze => self.clock.freeze(),
            ClockChange::Resume => self.clock.resume(),
        }
        Ok(self.clock.now().unix_seconds())
    }

    fn counters(&self, filter: &Value) -> Result<Value, String> {
        let filter = filter_of(filter)?;
        let list = wait(self.counters.list(&filter, self.clock.now()));
        Ok(list.iter().map(shown).collect())
    }

    fn set_counter(&self, filter: &Value, calls: Option<u64>, bytes: Option<u64>) -> Result<usize, String> {
        let filter = filter_of(filter)?;
        let now = self.clock.now();
        let list = wait(self.counters.list(&filter, now));
        for view in &list {
            match (calls, bytes) {
                (None, None) => wait(self.counters.reset(&view.key, now)),
                (calls, bytes) => {
                    let usage = Usage { calls: calls.unwrap_or(view.used), bytes: bytes.unwrap_or(view.bytes) };
                    wait(self.counters.set(&view.key, usage, u32::MAX, now))
                }
            };
        }
        Ok(list.len())
    }

    fn metrics(&self) -> String {
        let mut text = self.metrics.text();
        text.push_str(&self.networking.metrics());
        text
    }

    fn status(&self) -> Value {
        let snapshot = self.in_force.snapshot.load();
        let service = &snapshot.compiled.service;
        json!({
            "service": service.name,
            "apis": service.apis.len(),
            "products": service.products.len(),
            "subscriptions": service.subscriptions.len(),
            "publicNetworkAccess": format!("{:?}", snapshot.public_access),
            "now": self.clock.now().unix_seconds(),
        })
    }
}

fn filter_of(json: &Value) -> Result<CounterFilter, String> {
    let text = |key: &str| json.get(key).and_then(Value::as_str).map(str::to_owned);
    let kind = match text("policy") {
        Some(name) => Some(Kind::from_name(&name).ok_or_else(|| {
            let names: Vec<String> = Kind::ALL.iter().map(|kind| format!("`{}`", kind.name())).collect();
            format!("no policy `{name}` counts; these do: {}", names.join(", "))
        })?),
        None => None,
    };
    let node = match text("node") {
        Some(name) => Some(name.parse::<NodeId>().map_err(|error| error.to_string())?),
        None => None,
    };
    Ok(CounterFilter { kind, value: text("key"), value_contains: text("contains"), scope: text("scope"), node })
}

fn shown(view: &CounterView) -> Value {
    // A quota without end shows none.
    let period = view.period.filter(|period| *period != PeriodBounds::ENDLESS);
    let second = |pick: fn(&PeriodBounds) -> i64| period.as_ref().map(pick);
    let nodes = view
        .nodes
        .iter()
        .map(|(node, usage)| json!({ "node": node.to_string(), "calls": usage.calls, "bytes": usage.bytes }));
    json!({
        "policy": view.key.kind().name(),
        "scope": view.key.scope(),
        "key": view.key.value(),
        "used": view.used,
        "bytes": view.bytes,
        "windowMilliseconds": view.window_millis,
        "periodStart": second(|period| period.start_unix_seconds),
        "periodEnd": second(|period| period.end_unix_seconds),
        "nodes": nodes.collect::<Vec<_>>(),
    })
}

/// The answer of a counter store; a store behind a network is waited for, on the side runtime.
fn wait<T>(outcome: Outcome<T>) -> T {
    match outcome {
        Outcome::Ready(answer) => answer,
        Outcome::Pending(more) => wait_for(more),
    }
}

/// Waits for work on the side runtime.
pub(super) fn wait_for<F: Future>(work: F) -> F::Output {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(work))
}
