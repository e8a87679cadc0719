//! No sequence of operations breaks an invariant; no bytes break the parser of PROXY headers.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::collections::HashSet;

use apimite_network::proxy::{self, Header};
use apimite_network::*;
use proptest::prelude::*;
use support::*;

#[derive(Clone, Debug)]
enum Act {
    Put(u8, Sku, NetworkType, u8, u32, bool),
    Delete(u8),
    Access(u8, bool),
    Connect(u8, u8, bool),
    Disconnect(u8),
    Decide(u8, u8, ConnectionStatus),
    Remove(u8, u8),
    DropSubnet(u8),
}

const SUBNETS: [&str; 4] = ["apim", "small", "farms", "second"];

fn act() -> impl Strategy<Value = Act> {
    let sku = prop::sample::select(Sku::ALL.to_vec());
    let kind =
        prop::sample::select(vec![NetworkType::None, NetworkType::None, NetworkType::External, NetworkType::Internal]);
    let status = prop::sample::select(vec![
        ConnectionStatus::Pending,
        ConnectionStatus::Approved,
        ConnectionStatus::Rejected,
        ConnectionStatus::Disconnected,
    ]);
    prop_oneof![
        4 => (0..3_u8, sku, kind, 0..4_u8, 1..4_u32, any::<bool>()).prop_map(|(s, k, n, t, u, p)| Act::Put(s, k, n, t, u, p)),
        1 => (0..3_u8).prop_map(Act::Delete),
        3 => (0..3_u8, any::<bool>()).prop_map(|(s, on)| Act::Access(s, on)),
        5 => (0..6_u8, 0..3_u8, any::<bool>()).prop_map(|(e, s, manual)| Act::Connect(e, s, manual)),
        2 => (0..6_u8).prop_map(Act::Disconnect),
        4 => (0..3_u8, 0..6_u8, status).prop_map(|(s, e, status)| Act::Decide(s, e, status)),
        1 => (0..3_u8, 0..6_u8).prop_map(|(s, e)| Act::Remove(s, e)),
        1 => (0..4_u8).prop_map(Act::DropSubnet),
    ]
}

fn apply(world: &mut Network, act: &Act) -> Result<(), Refusal> {
    let s = |number: u8| service(&format!("s{number}"));
    let e = |number: u8| endpoint(&format!("e{number}"));
    match act {
        Act::Put(number, sku, kind, at, units, open) => {
            let mut spec = injected(*sku, *kind, SUBNETS[usize::from(*at)], *units);
            spec.public_access = if *open { PublicAccess::Enabled } else { PublicAccess::Disabled };
            world.put_service(&s(*number), spec).map(|_| ())
        }
        Act::Delete(number) => {
            world.delete_service(&s(*number));
            Ok(())
        }
        Act::Access(number, on) => {
            let access = if *on { PublicAccess::Enabled } else { PublicAccess::Disabled };
            world.set_public_access(&s(*number), access)
        }
        Act::Connect(number, to, manual) => {
            let approval = if *manual { Approval::Manual } else { Approval::Automatic };
            world.put_endpoint(&e(*number), ask(&s(*to), approval)).map(|_| ())
        }
        Act::Disconnect(number) => {
            world.delete_endpoint(&e(*number));
            Ok(())
        }
        Act::Decide(number, from, status) => {
            world.decide_connection(&s(*number), &format!("e{from}"), *status, None).map(|_| ())
        }
        Act::Remove(number, from) => world.delete_connection(&s(*number), &format!("e{from}")).map(|_| ()),
        Act::DropSubnet(at) => world.delete_subnet(&subnet("vn", SUBNETS[usize::from(*at)])).map(|_| ()),
    }
}

fn check(world: &Network) -> Result<(), TestCaseError> {
    let mut addresses = HashSet::new();
    for (_, endpoint) in world.endpoints() {
        prop_assert!(addresses.insert(endpoint.address), "an address is given twice");
    }
    for (id, service) in world.services() {
        let model = service.model();
        let alive = service.connections.iter().filter(|one| one.status != ConnectionStatus::Disconnected).count();
        prop_assert!(!(model.is_injected() && alive > 0), "injected and with a private endpoint");
        prop_assert!(!(model.is_injected() && service.spec.public_access == PublicAccess::Disabled));
        prop_assert!(
            alive == 0 || (service.spec.sku.takes_private_endpoints() && service.platform.takes_private_endpoints())
        );
        prop_assert!(alive <= MOST_CONNECTIONS);
        let names: HashSet<String> = service.connections.iter().map(|one| one.name.to_lowercase()).collect();
        let links: HashSet<u32> = service.connections.iter().map(|one| one.link_id).collect();
        prop_assert!(names.len() == service.connections.len() && links.len() == service.connections.len());
        prop_assert!(!model.is_internal() || service.private_addresses().len() == service.spec.sites.len());
        for place in &service.places {
            for address in &place.addresses {
                prop_assert!(addresses.insert(*address), "an address is given twice");
            }
        }
        for site in service.spec.sites.iter().filter(|_| model != Model::Public) {
            prop_assert!(world.subnet(site.subnet.as_ref().unwrap()).is_ok(), "the subnet of {} is gone", id);
        }
        // What classification says agrees with the states.
        let rules = world.classification(id).unwrap();
        prop_assert_eq!(rules.endpoints.len(), service.connections.len());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_operations_breaks_an_invariant(acts in prop::collection::vec(act(), 1..60)) {
        let mut world = world();
        for act in &acts {
            let before = world.clone();
            let was_disabled = |world: &Network, id: &ResourceId| {
                world.service(id).is_some_and(|one| one.spec.public_access == PublicAccess::Disabled)
            };
            match apply(&mut world, act) {
                Err(_) => prop_assert_eq!(&world, &before, "a refusal changed something: {:?}", act),
                Ok(()) => for (id, service) in world.services() {
                    if service.spec.public_access == PublicAccess::Disabled && !was_disabled(&before, id) {
                        prop_assert!(service.has_approved_connection(), "disabled without a way in: {:?}", act);
                    }
                }
            }
            check(&world)?;
        }
        let text = serde_json::to_string(&world).unwrap();
        prop_assert_eq!(serde_json::from_str::<Network>(&text).unwrap(), world);
    }

    #[test]
    fn a_header_is_read_as_it_was_written(
        a in any::<[u8; 4]>(), b in any::<[u8; 4]>(), p in any::<u16>(), q in any::<u16>(), wide in any::<bool>(),
        link in prop::option::of(any::<u32>()), tail in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let ip = |four: [u8; 4]| -> std::net::IpAddr {
            if wide { std::net::Ipv6Addr::from([[32, 1, 13, 184], four, four, four].concat().try_into().unwrap_or([0; 16])).into() }
            else { std::net::Ipv4Addr::from(four).into() }
        };
        let header = Header::proxy((ip(a), p).into(), (ip(b), q).into(), link);
        let mut bytes = header.write();
        let length = bytes.len();
        bytes.extend(tail);
        prop_assert_eq!(proxy::parse(&bytes), Ok(Some((length, header))));
    }

    #[test]
    fn no_bytes_break_the_parser(
        start in prop::bool::weighted(0.8), bytes in prop::collection::vec(any::<u8>(), 0..600), kind in 0..4_usize,
    ) {
        let mut all = if start { proxy::SIGNATURE.to_vec() } else { Vec::new() };
        if start { all.extend([0x20 | u8::from(kind % 2 == 1), [0x11, 0x21, 0x00, 0x11][kind]]); }
        all.extend(bytes);
        let whole = proxy::parse(&all);
        if let Ok(Some((length, _))) = whole {
            prop_assert!(length <= all.len() && length <= proxy::LONGEST);
            // What follows a header does not change it, and every part of one asks for more.
            prop_assert_eq!(proxy::parse(&all[..length]), whole);
            for end in 0..length {
                prop_assert_eq!(proxy::parse(&all[..end]), Ok(None));
            }
        }
        if let Err(error) = whole {
            prop_assert!(!error.text().is_empty());
        }
    }
}
