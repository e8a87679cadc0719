use apimite_model::{Operation, Protocols, VersionSet};
use http::HeaderValue;

use super::*;

fn api(id: &str, path: &str) -> Api {
    let mut api = Api::new(id, path, "http://backend");
    api.operations.push(Arc::new(Operation::new("all", "GET", "/*")));
    api
}

fn router(apis: Vec<Api>, change: impl FnOnce(&mut Service)) -> (Router, Service) {
    let mut service = Service::new("contoso");
    service.apis = apis.into_iter().map(Arc::new).collect();
    for (id, scheme) in [
        ("segment", VersionScheme::Segment),
        ("query", VersionScheme::Query("api-version".into())),
        ("header", VersionScheme::Header("X-Version".into())),
    ] {
        service.version_sets.insert(id.into(), VersionSet { id: id.into(), name: id.into(), scheme });
    }
    change(&mut service);
    (Router::new(&service), service)
}

fn query<'a>(path: &'a str, query: &'a str, headers: &'a HeaderMap) -> Query<'a> {
    Query { host: "localhost", tls: false, websocket: false, method: "GET", path, query, headers }
}

fn met(found: &(Router, Service), path: &str) -> Option<(String, String)> {
    let headers = HeaderMap::new();
    let (path, text) = path.split_once('?').unwrap_or((path, ""));
    let route = found.0.find(&query(path, text, &headers))?;
    let api = api_of(&found.1, &route)?;
    Some((format!("{}{};{}", api.id, api.version, api.revision), path[route.rest..].to_owned()))
}

fn text(api: &str, rest: &str) -> Option<(String, String)> {
    Some((api.to_owned(), rest.to_owned()))
}

#[test]
fn the_longest_api_path_wins() {
    let found = router(vec![api("root", ""), api("a", "a"), api("ab", "a/b")], |_| {});
    assert_eq!(met(&found, "/a/b/c"), text("ab;1", "/c"));
    assert_eq!(met(&found, "/A/B"), text("ab;1", ""));
    assert_eq!(met(&found, "/a/bc"), text("a;1", "/bc"));
    assert_eq!(met(&found, "/x"), text("root;1", "/x"));
    assert_eq!(met(&found, "/"), text("root;1", "/"));
}

#[test]
fn case_counts_when_it_was_decided_so() {
    let found = router(vec![api("a", "a")], |service| service.decisions.paths_ignore_case = false);
    assert_eq!(met(&found, "/A/x"), None);
    assert_eq!(met(&found, "/a/x"), text("a;1", "/x"));
}

#[test]
fn versions_are_told_apart_by_segment_query_or_header() {
    let version = |path: &str, set: &str, version: &str| {
        let mut api = api(path, path);
        api.version_set = Some(set.into());
        api.version = version.into();
        api
    };
    let apis = vec![
        version("s", "segment", ""),
        version("s", "segment", "v1"),
        version("q", "query", "2024-01-01"),
        version("h", "header", "v2"),
        version("h", "header", ""),
    ];
    let found = router(apis, |_| {});
    assert_eq!(met(&found, "/s/v1/x"), text("sv1;1", "/x"));
    assert_eq!(met(&found, "/s/x"), text("s;1", "/x"));
    assert_eq!(met(&found, "/q/x?api-version=2024-01-01"), text("q2024-01-01;1", "/x"));
    assert_eq!(met(&found, "/q/x"), None, "no version and no original");
    assert_eq!(met(&found, "/h/x"), text("h;1", "/x"));
    let mut headers = HeaderMap::new();
    headers.insert("x-version", HeaderValue::from_static("V2"));
    assert_eq!(found.0.find(&query("/h/x", "", &headers)).unwrap().api, 3);
}

#[test]
fn a_revision_is_named_behind_the_api_path() {
    let mut second = api("a", "a/b");
    second.revision = "2".into();
    second.is_current = false;
    let mut third = second.clone();
    third.revision = "3".into();
    third.is_online = false;
    let found = router(vec![api("a", "a/b"), second, third], |_| {});
    assert_eq!(met(&found, "/a/b;rev=2/c"), text("a;2", "/c"));
    assert_eq!(met(&found, "/a/b/c"), text("a;1", "/c"));
    assert_eq!(met(&found, "/a/b;rev=2"), text("a;2", ""));
    assert_eq!(met(&found, "/a/b;rev=3/c"), None, "offline");
    assert_eq!(met(&found, "/a/b;rev=9/c"), None);
}

#[test]
fn the_scheme_takes_part_in_the_match() {
    let mut secure = api("a", "a");
    secure.protocols = Protocols { http: false, https: true, ws: false, wss: false };
    let found = router(vec![secure], |_| {});
    assert_eq!(met(&found, "/a/x"), None);
    let headers = HeaderMap::new();
    assert!(found.0.find(&Query { tls: true, ..query("/a/x", "", &headers) }).is_some());
}

#[test]
fn configured_hosts_are_the_only_ones() {
    let found = router(vec![api("a", "a")], |service| service.hosts.push("api.contoso.com".into()));
    let headers = HeaderMap::new();
    assert!(found.0.find(&query("/a", "", &headers)).is_none());
    for host in ["API.contoso.com", "contoso.azure-api.net", "contoso-westeurope-01.regional.azure-api.net"] {
        assert!(found.0.find(&Query { host, ..query("/a", "", &headers) }).is_some(), "{host}");
    }
}

#[test]
fn an_api_without_a_fitting_operation_is_still_met() {
    let found = router(vec![api("a", "a")], |_| {});
    let headers = HeaderMap::new();
    let route = found.0.find(&Query { method: "POST", ..query("/a/x", "", &headers) }).unwrap();
    assert_eq!((route.api, route.operation), (0, None));
}
