//! What every network is told about names, before and after each step.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use apimite_network::horizon::{Answer, Code, Forward, Horizon};
use apimite_network::zone::{Data, Kind, Link, RecordSet};
use apimite_network::*;
use support::*;

/// `alias > alias > address …`, or what else is said.
fn shown(answer: &Answer) -> String {
    let mut parts: Vec<String> = answer
        .records
        .iter()
        .map(|record| match &record.data {
            Data::Cname(target) => target.clone(),
            Data::A(address) => address.to_string(),
            other => format!("{other:?}"),
        })
        .collect();
    match &answer.code {
        Code::Exists => {}
        Code::DoesNotExist => parts.push("NXDOMAIN".into()),
        Code::Refused => parts.push("REFUSED".into()),
        Code::Forward(name, to) => parts.push(format!("forward {name} to {to:?}")),
    }
    parts.join(" > ")
}

fn ask_for(horizon: &Horizon, from: &str, name: &str) -> String {
    let view = horizon.view(from.parse().unwrap());
    shown(&horizon.answer(view, name, Kind::A))
}

const INSIDE: &str = "10.0.3.9";
const OUTSIDE: &str = "192.0.2.1";
const NAME: &str = "Contoso.azure-api.net.";
const PRIVATE: &str = "contoso.privatelink.azure-api.net";

#[test]
fn the_answer_depends_on_who_asks_and_follows_every_step() {
    let (mut world, id) = (world(), service("contoso"));
    world.put_service(&id, plain(Sku::Developer)).unwrap();
    let public = world.service(&id).unwrap().public_addresses()[0];
    let ask_all = |world: &Network, name: &str| {
        let horizon = Horizon::of(world);
        (ask_for(&horizon, OUTSIDE, name), ask_for(&horizon, INSIDE, name))
    };
    let both = |text: String| (text.clone(), text);
    assert_eq!(ask_all(&world, NAME), both(public.to_string()), "no connection: no alias");
    assert_eq!(ask_all(&world, PRIVATE), both("NXDOMAIN".into()));
    world.put_endpoint(&endpoint("pe"), ask(&id, Approval::Manual)).unwrap();
    assert_eq!(ask_all(&world, NAME), both(format!("{PRIVATE} > {public}")), "a connection: the alias, no zone yet");
    let zone_id = zone("privatelink.azure-api.net");
    world.put_zone(&zone_id).unwrap();
    world.put_zone_group(&endpoint("pe"), ZoneGroup { name: "default".into(), zones: vec![zone_id.clone()] }).unwrap();
    assert_eq!(ask_all(&world, NAME).1, format!("{PRIVATE} > {public}"), "not linked yet");
    world.put_link(&zone_id, "l", Link { network: vnet("vn"), registration: false, falls_back: false }).unwrap();
    assert_eq!(ask_all(&world, NAME), (format!("{PRIVATE} > {public}"), format!("{PRIVATE} > 10.0.0.4")));
    assert_eq!(ask_all(&world, PRIVATE), (public.to_string(), "10.0.0.4".into()));
    // Another network is not linked; its answer is the public one.
    assert_eq!(ask_for(&Horizon::of(&world), "10.9.0.7", NAME), format!("{PRIVATE} > {public}"));
    // A linked zone without the record hides the public name, unless the link falls back.
    world.delete_endpoint(&endpoint("pe"));
    assert_eq!(ask_all(&world, NAME).1, format!("{PRIVATE} > NXDOMAIN"));
    world.put_link(&zone_id, "l", Link { network: vnet("vn"), registration: false, falls_back: true }).unwrap();
    assert_eq!(ask_all(&world, NAME).1, format!("{PRIVATE} > {public}"));
    world.delete_connection(&id, "pe").unwrap();
    assert_eq!(ask_all(&world, NAME), both(public.to_string()));
    world.delete_service(&id);
    assert_eq!(ask_all(&world, NAME), both("NXDOMAIN".into()));
}

#[test]
fn an_internal_instance_has_the_names_its_users_give_it() {
    let (mut world, id) = (world(), service("contoso"));
    world.put_service(&id, injected(Sku::Developer, NetworkType::Internal, "apim", 1)).unwrap();
    let private = world.service(&id).unwrap().private_addresses()[0];
    for name in [NAME, "contoso.management.azure-api.net", "contoso.scm.azure-api.net"] {
        assert_eq!(ask_for(&Horizon::of(&world), OUTSIDE, name), "NXDOMAIN");
        assert_eq!(ask_for(&Horizon::of(&world), INSIDE, name), "NXDOMAIN", "none by default");
    }
    let zone_id = zone("azure-api.net");
    world.put_zone(&zone_id).unwrap();
    world.put_link(&zone_id, "l", Link { network: vnet("vn"), registration: false, falls_back: false }).unwrap();
    for name in ["contoso", "contoso.portal", "contoso.developer", "contoso.management", "contoso.scm"] {
        let set = RecordSet { name: name.into(), ttl: 60, data: vec![Data::A(private)], owner: None };
        world.put_records(&zone_id, set).unwrap();
        assert_eq!(ask_for(&Horizon::of(&world), INSIDE, &format!("{name}.azure-api.net")), private.to_string());
    }
    assert_eq!(ask_for(&Horizon::of(&world), OUTSIDE, NAME), "NXDOMAIN");
}

#[test]
fn an_external_instance_and_its_other_names_are_public() {
    let (mut world, id) = (world(), service("contoso"));
    let mut spec = injected(Sku::Developer, NetworkType::External, "apim", 1);
    spec.hosts = vec!["api.example.com".into()];
    world.put_service(&id, spec).unwrap();
    let public = world.service(&id).unwrap().public_addresses()[0].to_string();
    for name in [NAME, "contoso.portal.azure-api.net", "contoso-westeurope-01.regional.azure-api.net"] {
        for from in [INSIDE, OUTSIDE] {
            assert_eq!(ask_for(&Horizon::of(&world), from, name), public, "{name}");
        }
    }
    assert_eq!(ask_for(&Horizon::of(&world), OUTSIDE, "api.example.com"), format!("contoso.azure-api.net > {public}"));
}

#[test]
fn names_of_others_are_forwarded_or_refused() {
    let world = world();
    let mut horizon = Horizon::of(&world);
    assert_eq!(ask_for(&horizon, INSIDE, "example.org"), "REFUSED");
    horizon.forward = vec![Forward { domain: String::new(), to: vec!["192.0.2.53:53".parse().unwrap()] }];
    let mine = horizon.networks.iter_mut().find(|view| view.name == "vn").unwrap();
    mine.forward = vec![
        Forward { domain: "corp.example".into(), to: vec!["10.0.0.53:53".parse().unwrap()] },
        Forward { domain: "azure-api.net".into(), to: vec!["10.0.0.54:53".parse().unwrap()] },
    ];
    assert_eq!(ask_for(&horizon, INSIDE, "a.corp.example"), "forward a.corp.example to [10.0.0.53:53]");
    assert_eq!(ask_for(&horizon, INSIDE, "acorp.example"), "forward acorp.example to [192.0.2.53:53]");
    assert_eq!(ask_for(&horizon, OUTSIDE, "a.corp.example"), "forward a.corp.example to [192.0.2.53:53]");
    assert_eq!(ask_for(&horizon, INSIDE, "contoso.azure-api.net"), "forward contoso.azure-api.net to [10.0.0.54:53]");
}

#[test]
fn a_ring_of_aliases_ends() {
    let mut world = world();
    let id = zone("ring.example");
    world.put_zone(&id).unwrap();
    world.put_link(&id, "l", Link { network: vnet("vn"), registration: false, falls_back: false }).unwrap();
    for (from, to) in [("a", "b"), ("b", "a")] {
        let data = vec![Data::Cname(format!("{to}.ring.example"))];
        world.put_records(&id, RecordSet { name: from.into(), ttl: 60, data, owner: None }).unwrap();
    }
    let horizon = Horizon::of(&world);
    let answer = horizon.answer(horizon.view(INSIDE.parse().unwrap()), "a.ring.example", Kind::A);
    assert!(answer.records.len() <= 8);
    let answer = horizon.answer(horizon.named("vn"), "a.ring.example", Kind::Txt);
    assert!(matches!(answer.code, Code::Exists));
}

#[test]
fn a_name_without_records_of_the_type_exists() {
    let (mut world, id) = (world(), service("contoso"));
    world.put_service(&id, plain(Sku::Developer)).unwrap();
    let answer = Horizon::of(&world).answer(None, "contoso.azure-api.net", Kind::Aaaa);
    assert_eq!(
        (answer.code, answer.records.len(), answer.authority.as_deref()),
        (Code::Exists, 0, Some("azure-api.net"))
    );
}
