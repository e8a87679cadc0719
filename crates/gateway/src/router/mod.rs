//! From a request to its API and operation.
//!
//! APIs are found by one hash lookup for each segment that any API path has, longest first, so the cost does not depend on
//! their number; operations by a tree of segments.

mod template;
mod tree;

use std::sync::Arc;

use apimite_model::{Api, ApiKind, Service, VersionScheme};
use hashbrown::HashMap;
use http::{HeaderMap, HeaderName};
use smallvec::SmallVec;

pub(crate) use self::template::decoded;
pub(crate) use self::tree::query_value;
use self::tree::{Asked, Parameters, Tree, decoded_query};

/// What a request shows to the router.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// Host without port.
    pub host: &'a str,
    /// Did it come over TLS?
    pub tls: bool,
    /// Is it a WebSocket handshake?
    pub websocket: bool,
    /// Method.
    pub method: &'a str,
    /// Path, as the client wrote it.
    pub path: &'a str,
    /// Query without `?`.
    pub query: &'a str,
    /// Headers, for versions told apart by one.
    pub headers: &'a HeaderMap,
}

/// The API a request meets, and the operation in it.
#[derive(Debug, PartialEq, Eq)]
pub struct Route {
    /// Index into [`Service::apis`].
    pub api: usize,
    /// Index into the API's operations, with the matched template parameters; `None` when no operation fits.
    pub operation: Option<(usize, Vec<(Box<str>, Box<str>)>)>,
    /// Where in the path the part behind the API begins (behind its suffix, version and `;rev=`).
    pub rest: usize,
}

/// The routes of one snapshot.
#[derive(Debug)]
pub struct Router {
    paths: HashMap<Box<str>, Place, ahash::RandomState>,
    deepest: usize,
    trees: Vec<Tree>,
    /// Which APIs tell their operations apart by SOAP action.
    soap: Vec<bool>,
    /// Which APIs are GraphQL APIs with subscriptions.
    graphql: Vec<bool>,
    hosts: Vec<Box<str>>,
    /// Name of the service: its portal, management and git have host names that no API answers.
    service: Box<str>,
    ignore_case: bool,
}

/// The APIs on one path.
#[derive(Debug, Default)]
struct Place {
    plain: Revisions,
    versions: Vec<(Choice, HashMap<Box<str>, Revisions>)>,
}

/// How versions on one path are told apart.
#[derive(Debug, PartialEq, Eq)]
enum Choice {
    Query(Box<str>),
    Header(HeaderName),
}

/// The revisions of one version.
#[derive(Debug, Default)]
struct Revisions(SmallVec<[Revision; 1]>);

#[derive(Debug)]
struct Revision {
    number: Box<str>,
    current: bool,
    api: usize,
    plain: Schemes,
    socket: Schemes,
}

/// Is it served without TLS, and with it?
#[derive(Clone, Copy, Debug, Default)]
struct Schemes {
    open: bool,
    tls: bool,
}

impl Schemes {
    const fn has(self, tls: bool) -> bool {
        if tls { self.tls } else { self.open }
    }
}

impl Revisions {
    fn pick(&self, number: Option<&str>, query: &Query<'_>) -> Option<usize> {
        let meant = |revision: &&Revision| number.map_or(revision.current, |number| *revision.number == *number);
        let socket = |revision: &&Revision| query.websocket && meant(revision) && revision.socket.has(query.tls);
        // A handshake to an HTTP API is an ordinary request.
        let plain = |revision: &&Revision| meant(revision) && revision.plain.has(query.tls);
        self.0.iter().find(socket).or_else(|| self.0.iter().find(plain)).map(|revision| revision.api)
    }
}

impl Router {
    /// Builds the routes of a service.
    pub fn new(service: &Service) -> Self {
        let decisions = &service.decisions;
        let mut router = Self {
            paths: HashMap::default(),
            deepest: 0,
            trees: Vec::with_capacity(service.apis.len()),
            soap: service.apis.iter().map(|api| api.kind == ApiKind::Soap).collect(),
            graphql: service.apis.iter().map(subscribable).collect(),
            hosts: hosts(service),
            service: service.name.clone(),
            ignore_case: decisions.paths_ignore_case,
        };
        for (index, api) in service.apis.iter().enumerate() {
            let mut tree = Tree::new(decisions.paths_ignore_case, decisions.get_serves_head);
            for (number, operation) in api.operations.iter().enumerate() {
                tree.insert(&operation.method, &operation.url_template, number);
            }
            if api.kind == ApiKind::WebSocket && api.operations.is_empty() {
                tree.insert("*", "/*", 0);
            }
            router.trees.push(tree);
            if api.is_online {
                router.add(service, api, index);
            }
        }
        router
    }

    /// Does the host count for this request? Only then it is looked at.
    pub(crate) fn wants_host(&self, authority: &str) -> bool {
        let own = || authority.get(..self.service.len()).is_some_and(|start| start.eq_ignore_ascii_case(&self.service));
        !self.hosts.is_empty() || own()
    }

    fn add(&mut self, service: &Service, api: &Api, index: usize) {
        let scheme = api.version_set.as_ref().and_then(|id| service.version_sets.get(id)).map(|set| &set.scheme);
        let mut path = api.path.trim_matches('/').to_owned();
        let mut choice = None;
        // An API without a version identifier is the original: it answers where no version is named.
        match scheme {
            Some(VersionScheme::Segment) if !api.version.is_empty() => {
                if !path.is_empty() {
                    path.push('/');
                }
                path.push_str(&api.version);
            }
            Some(VersionScheme::Query(name)) if !api.version.is_empty() => choice = Some(Choice::Query(name.clone())),
            Some(VersionScheme::Header(name)) if !api.version.is_empty() => {
                choice = HeaderName::from_bytes(name.as_bytes()).ok().map(Choice::Header);
            }
            _ => {}
        }
        if self.ignore_case {
            path.make_ascii_lowercase();
        }
        let depth = if path.is_empty() { 0 } else { path.split('/').count() };
        self.deepest = self.deepest.max(depth);
        let place = self.paths.entry(path.into()).or_default();
        let revisions = match choice {
            None => &mut place.plain,
            Some(choice) => {
                let at = place.versions.iter().position(|(known, _)| *known == choice).unwrap_or_else(|| {
                    place.versions.push((choice, HashMap::default()));
                    place.versions.len() - 1
                });
                match place.versions.get_mut(at) {
                    Some((_, versions)) => versions.entry(api.version.to_ascii_lowercase().into()).or_default(),
                    None => return,
                }
            }
        };
        let on = |is: bool, open: bool, tls: bool| if is { Schemes { open, tls } } else { Schemes::default() };
        let protocols = api.protocols;
        let plain = on(api.kind != ApiKind::WebSocket, protocols.http, protocols.https);
        // Source: GraphQL import page: the scheme of an API with subscriptions includes WS or WSS.
        let talks = matches!(api.kind, ApiKind::WebSocket | ApiKind::GraphQl);
        let socket = on(talks, protocols.ws, protocols.wss);
        revisions.0.push(Revision { number: api.revision.clone(), current: api.is_current, api: index, plain, socket });
    }

    /// Finds API and operation; `None` when no API fits.
    pub fn find(&self, query: &Query<'_>) -> Option<Route> {
        if !self.hosts.is_empty() && !self.hosts.iter().any(|host| host.eq_ignore_ascii_case(query.host)) {
            return None;
        }
        if apimite_network::names::is_other(&self.service, query.host) {
            return None;
        }
        let path = query.path.strip_prefix('/').unwrap_or(query.path);
        let skipped = query.path.len() - path.len();
        let lower;
        let wanted: &str = if self.ignore_case && path.bytes().any(|byte| byte.is_ascii_uppercase()) {
            lower = path.to_ascii_lowercase();
            &lower
        } else {
            path
        };
        // Ends of the prefixes that may be an API path, shortest first; `;rev=` ends the API path where it stands.
        let mut ends: SmallVec<[usize; 8]> = SmallVec::new();
        let revision = revision_mark(wanted);
        let limit = revision.as_ref().map_or(wanted.len(), |mark| mark.start);
        if revision.is_none() {
            ends.push(0);
            for at in memchr::memchr_iter(b'/', wanted.as_bytes()).take(self.deepest) {
                ends.push(at);
            }
            if ends.len() <= self.deepest {
                ends.push(wanted.len());
            }
        } else {
            ends.push(limit);
        }
        for end in ends.iter().rev().copied() {
            let Some(place) = wanted.get(..end).and_then(|prefix| self.paths.get(prefix)) else { continue };
            let number = revision.as_ref().and_then(|mark| wanted.get(mark.number.clone()));
            let Some(api) = place.find(number, query) else { continue };
            let rest = revision.as_ref().map_or(end, |mark| mark.number.end);
            let rest_path = path.get(rest..).unwrap_or("");
            let operation = self.operation(api, query, rest_path);
            return Some(Route { api, operation, rest: if rest == 0 { 0 } else { rest + skipped } });
        }
        None
    }

    fn operation(&self, api: usize, query: &Query<'_>, path: &str) -> Option<(usize, Parameters)> {
        let tree = self.trees.get(api)?;
        if self.soap.get(api) == Some(&true)
            && let Some(action) = soap_action(query.headers)
        {
            let mut with_action =
                format!("soapAction={}", action.replace('%', "%25").replace('&', "%26").replace('+', "%2B"));
            if !query.query.is_empty() {
                with_action.push('&');
                with_action.push_str(query.query);
            }
            let found = tree.find(Asked { method: query.method, path, query: &with_action });
            if found.is_some() {
                return found;
            }
        }
        // The handshake for subscriptions belongs to the operation of queries.
        let subscribes = query.websocket && self.graphql.get(api) == Some(&true);
        let method = if subscribes { "POST" } else { query.method };
        tree.find(Asked { method, path, query: query.query })
    }
}

/// The action of a SOAP message: the header of SOAP 1.1, or the parameter of the content type of SOAP 1.2.
///
/// Source: SOAP import page: operations are told apart by `soapAction`.
fn soap_action(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let unquoted = |text: &str| text.trim().trim_matches('"').to_owned();
    if let Some(action) = text("soapaction") {
        return Some(unquoted(action)).filter(|action| !action.is_empty());
    }
    let parameters = text("content-type")?.split(';').skip(1);
    let pairs = parameters.filter_map(|parameter| parameter.split_once('='));
    let mut actions = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("action"));
    actions.next().map(|(_, action)| unquoted(action)).filter(|action| !action.is_empty())
}

impl Place {
    fn find(&self, number: Option<&str>, query: &Query<'_>) -> Option<usize> {
        for (choice, versions) in &self.versions {
            let version = match choice {
                Choice::Query(name) => query_value(query.query, name).map(decoded_query),
                Choice::Header(name) => {
                    query.headers.get(name).and_then(|v| v.to_str().ok()).map(|v| v.trim().to_owned())
                }
            };
            if let Some(version) = version.filter(|version| !version.is_empty()) {
                return versions.get(version.to_ascii_lowercase().as_str()).and_then(|r| r.pick(number, query));
            }
        }
        self.plain.pick(number, query)
    }
}

struct RevisionMark {
    /// Where `;` stands.
    start: usize,
    number: std::ops::Range<usize>,
}

fn revision_mark(path: &str) -> Option<RevisionMark> {
    let start = memchr::memchr(b';', path.as_bytes())?;
    let tail = path.get(start..)?;
    let mark = tail.get(..5)?;
    if !mark.eq_ignore_ascii_case(";rev=") {
        return None;
    }
    let begin = start + 5;
    let length = tail.get(5..)?.find('/').unwrap_or(tail.len() - 5);
    Some(RevisionMark { start, number: begin..begin + length })
}

/// Is it a GraphQL API with subscriptions?
fn subscribable(api: &Arc<Api>) -> bool {
    api.kind == ApiKind::GraphQl && (api.protocols.ws || api.protocols.wss)
}

/// The host names a gateway with configured names answers to.
fn hosts(service: &Service) -> Vec<Box<str>> {
    if service.hosts.is_empty() {
        return Vec::new();
    }
    let region: String = service.region.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    let mut hosts = service.hosts.clone();
    hosts.push(format!("{}.azure-api.net", service.name).into());
    hosts.push(format!("{}-{region}-01.regional.azure-api.net", service.name).into());
    hosts
}

/// The APIs of a service by index, for callers that hold a [`Route`].
pub fn api_of<'a>(service: &'a Service, route: &Route) -> Option<&'a Arc<Api>> {
    service.apis.get(route.api)
}

#[cfg(test)]
mod tests;
