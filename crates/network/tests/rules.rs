//! Every rule of placement, size, approval and public access, each with what it refuses.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use apimite_network::zone::{Data, Kind, Link, RecordSet};
use apimite_network::*;
use support::*;

/// The operation is refused with this code, says how to go on, and changes nothing.
fn refused<T: std::fmt::Debug>(world: &mut Network, code: &str, act: impl FnOnce(&mut Network) -> Result<T, Refusal>) {
    let before = world.clone();
    let refusal = act(world).unwrap_err();
    assert_eq!(refusal.code, code, "{refusal}");
    assert!(refusal.message.ends_with('.') && !refusal.help.is_empty(), "{refusal:?}");
    assert_eq!(*world, before, "a refusal changed something");
}

#[test]
fn public_access_is_disabled_only_with_an_approved_connection() {
    let (mut world, id) = (world(), service("a"));
    refused(&mut world, "ActivateServiceWithPrivateEndpointAccessNotAllowed", |world| {
        world.put_service(&id, ServiceSpec { public_access: PublicAccess::Disabled, ..plain(Sku::Developer) })
    });
    world.put_service(&id, plain(Sku::Developer)).unwrap();
    let disable = |world: &mut Network| world.set_public_access(&service("a"), PublicAccess::Disabled);
    let code = "DisablingPublicNetworkAccessRequiredPrivateEndpoint";
    refused(&mut world, code, disable);
    world.put_endpoint(&endpoint("pe"), ask(&id, Approval::Manual)).unwrap();
    refused(&mut world, code, disable);
    world.decide_connection(&id, "PE", ConnectionStatus::Approved, Some("fine")).unwrap();
    disable(&mut world).unwrap();
    // The last connection may go; nobody reaches the gateway then, and enabling is always possible.
    world.decide_connection(&id, "pe", ConnectionStatus::Rejected, None).unwrap();
    assert_eq!(world.service(&id).unwrap().spec.public_access, PublicAccess::Disabled);
    world.put_service(&id, ServiceSpec { public_access: PublicAccess::Disabled, ..plain(Sku::Developer) }).unwrap();
    world.set_public_access(&id, PublicAccess::Enabled).unwrap();
    refused(&mut world, code, disable);
}

#[test]
fn the_three_models_exclude_each_other() {
    let (mut world, id) = (world(), service("a"));
    for kind in [NetworkType::External, NetworkType::Internal] {
        world.put_service(&id, injected(Sku::Developer, kind, "apim", 1)).unwrap();
        refused(&mut world, "PrivateEndpointNotSupportedWithVirtualNetwork", |world| {
            world.put_endpoint(&endpoint("pe"), ask(&service("a"), Approval::Automatic)).cloned()
        });
        refused(&mut world, "PublicNetworkAccessNotSupportedWithVirtualNetwork", |world| {
            world.set_public_access(&service("a"), PublicAccess::Disabled)
        });
    }
    world.put_service(&id, plain(Sku::Developer)).unwrap();
    world.put_endpoint(&endpoint("pe"), ask(&id, Approval::Automatic)).unwrap();
    refused(&mut world, "VirtualNetworkNotSupportedWithPrivateEndpoint", |world| {
        world.put_service(&service("a"), injected(Sku::Developer, NetworkType::Internal, "apim", 1))
    });
    world.delete_connection(&id, "pe").unwrap();
    world.put_service(&id, injected(Sku::Developer, NetworkType::Internal, "apim", 1)).unwrap();
    // Integration only guides what leaves: private endpoints stay possible.
    world.put_service(&service("v2"), injected(Sku::StandardV2, NetworkType::External, "farms", 1)).unwrap();
    world.put_endpoint(&endpoint("pe2"), ask(&service("v2"), Approval::Automatic)).unwrap();
}

#[test]
fn tiers_and_platforms_without_private_endpoints_refuse_them() {
    for sku in Sku::ALL {
        let mut world = world();
        world.put_service(&service("a"), plain(sku)).unwrap();
        let act =
            |world: &mut Network| world.put_endpoint(&endpoint("pe"), ask(&service("a"), Approval::Automatic)).cloned();
        if matches!(sku, Sku::Consumption | Sku::BasicV2) {
            refused(&mut world, "PrivateEndpointNotSupportedInServiceSku", act);
        } else {
            act(&mut world).unwrap();
            refused(&mut world, "PrivateEndpointNotSupportedInServiceSku", |world| {
                world.put_service(&service("a"), plain(Sku::BasicV2))
            });
        }
    }
    let mut world = world();
    world.put_service(&service("a"), ServiceSpec { platform: Some(Platform::Stv1), ..plain(Sku::Premium) }).unwrap();
    refused(&mut world, "PrivateEndpointNotSupportedInPlatformVersion", |world| {
        world.put_endpoint(&endpoint("pe"), ask(&service("a"), Approval::Automatic)).cloned()
    });
}

#[test]
fn network_types_belong_to_tiers() {
    use NetworkType::{External, Internal};
    for sku in Sku::ALL {
        for kind in [External, Internal] {
            let mut world = world();
            let name = match (sku.is_v2(), kind) {
                (true, External) => "farms",
                (true, _) => "hosting",
                (false, _) => "apim",
            };
            let allowed = matches!(
                (sku, kind),
                (Sku::Developer | Sku::Premium | Sku::PremiumV2, _) | (Sku::StandardV2, External)
            );
            let act = |world: &mut Network| world.put_service(&service("a"), injected(sku, kind, name, 1));
            if allowed {
                act(&mut world).unwrap();
            } else {
                refused(&mut world, "ManagingVirtualNetworkConfigurationNotSupported", act);
            }
        }
    }
}

#[test]
fn a_subnet_has_to_fit_the_instance() {
    let mut world = world();
    let cases: [(&str, &dyn Fn(&mut Site)); 8] = [
        ("VirtualNetworkConfigurationRequired", &|site| site.subnet = None),
        ("ResourceNotFound", &|site| site.subnet = Some(subnet("vn", "none"))),
        ("SubnetInOtherSubscription", &|site| {
            site.subnet =
                Some(ResourceId::of("other", "rg", "Microsoft.Network/virtualNetworks", "vn").child("subnets", "apim"));
        }),
        ("VirtualNetworkLocationMismatch", &|site| site.subnet = Some(subnet("north", "apim"))),
        ("NetworkSecurityGroupRequired", &|site| site.subnet = Some(subnet("vn", "bare"))),
        ("SubnetWithDelegationNotSupported", &|site| site.subnet = Some(subnet("vn", "farms"))),
        ("PublicIpAddressRequired", &|site| site.public_address = None),
        ("PublicIpAddressNotSupported", &|site| site.public_address = Some(public("basic"))),
    ];
    for (code, change) in cases {
        refused(&mut world, code, |world| {
            let mut spec = injected(Sku::Developer, NetworkType::External, "apim", 1);
            change(&mut spec.sites[0]);
            world.put_service(&service("a"), spec)
        });
    }
    refused(&mut world, "SubnetDelegationRequired", |world| {
        world.put_service(&service("a"), injected(Sku::StandardV2, NetworkType::External, "hosting", 1))
    });
    refused(&mut world, "SubnetTooSmall", |world| {
        world.put_service(&service("a"), injected(Sku::PremiumV2, NetworkType::External, "apim", 1))
    });
}

#[test]
fn units_take_addresses_and_a_full_subnet_refuses() {
    let mut world = world();
    // 11 usable: the load balancer and two for each unit.
    world.put_service(&service("a"), injected(Sku::Premium, NetworkType::Internal, "apim", 5)).unwrap();
    assert_eq!(world.taken(&subnet("vn", "apim")).len(), 11);
    refused(&mut world, "SubnetIsFull", |world| {
        world.put_service(&service("a"), injected(Sku::Premium, NetworkType::Internal, "apim", 6))
    });
    refused(&mut world, "SubnetIsFull", |world| {
        world.put_service(&service("b"), injected(Sku::Developer, NetworkType::External, "apim", 1))
    });
    world.put_service(&service("b"), injected(Sku::Premium, NetworkType::Internal, "small", 1)).unwrap();
    refused(&mut world, "InvalidSkuCapacity", |world| {
        world.put_service(&service("c"), injected(Sku::Developer, NetworkType::Internal, "second", 2))
    });
    refused(&mut world, "InvalidSkuCapacity", |world| {
        world.put_service(
            &service("c"),
            ServiceSpec {
                sites: vec![Site { location: "westeurope".into(), units: 13, ..Site::default() }],
                ..plain(Sku::Premium)
            },
        )
    });
    world.put_service(&service("a"), injected(Sku::Premium, NetworkType::Internal, "apim", 1)).unwrap();
    assert_eq!(world.taken(&subnet("vn", "apim")).len(), 3);
}

#[test]
fn moving_changes_the_virtual_address_and_growing_does_not() {
    let (mut world, id) = (world(), service("a"));
    let mut put = |kind, name, units, zones: &[&str]| {
        let mut spec = injected(Sku::Premium, kind, name, units);
        spec.sites[0].zones = zones.iter().map(|zone| (*zone).to_owned()).collect();
        world.put_service(&id, spec).unwrap().address_changed
    };
    assert!(!put(NetworkType::Internal, "apim", 1, &[]));
    assert!(!put(NetworkType::Internal, "apim", 3, &[]), "more units");
    assert!(put(NetworkType::Internal, "second", 3, &[]), "another subnet");
    assert!(put(NetworkType::External, "second", 3, &[]), "another type");
    assert!(!put(NetworkType::External, "second", 3, &[]));
    assert!(world.service(&id).unwrap().private_addresses().is_empty());
}

#[test]
fn a_location_is_given_once_needs_a_subnet_of_its_own_and_stays() {
    let mut world = world();
    let north =
        |subnet: Option<ResourceId>| Site { location: "North Europe".into(), units: 1, subnet, ..Site::default() };
    let two = |second: Site| {
        let mut spec = injected(Sku::Premium, NetworkType::Internal, "apim", 1);
        spec.sites.push(second);
        spec
    };
    refused(&mut world, "VirtualNetworkConfigurationRequired", |world| {
        world.put_service(&service("a"), two(north(None)))
    });
    refused(&mut world, "VirtualNetworkLocationMismatch", |world| {
        world.put_service(&service("a"), two(north(Some(subnet("vn", "second")))))
    });
    world.put_public_address(&public("north"), "northeurope", "standard", None).unwrap();
    let mut second = north(Some(subnet("north", "apim")));
    second.public_address = Some(public("north"));
    world.put_service(&service("a"), two(second)).unwrap();
    assert_eq!(world.service(&service("a")).unwrap().private_addresses().len(), 2);
    refused(&mut world, "InvalidParameters", |world| {
        let mut spec = plain(Sku::Premium);
        spec.sites.push(spec.sites[0].clone());
        world.put_service(&service("b"), spec)
    });
    world.put_service(&service("b"), plain(Sku::Premium)).unwrap();
    refused(&mut world, "InvalidResourceLocation", |world| {
        let mut spec = plain(Sku::Premium);
        spec.sites[0].location = "eastus".into();
        world.put_service(&service("b"), spec)
    });
}

#[test]
fn the_hundred_and_first_connection_is_refused() {
    let (mut world, id) = (world(), service("a"));
    world.put_service(&id, plain(Sku::Developer)).unwrap();
    for number in 0..100 {
        world.put_endpoint(&endpoint(&format!("pe-{number}")), ask(&id, Approval::Automatic)).unwrap();
    }
    refused(&mut world, "PrivateEndpointConnectionLimitReached", |world| {
        world.put_endpoint(&endpoint("pe-100"), ask(&service("a"), Approval::Automatic)).cloned()
    });
    assert!(world.delete_endpoint(&endpoint("pe-7")));
    world.put_endpoint(&endpoint("pe-100"), ask(&id, Approval::Automatic)).unwrap();
    let mut links: Vec<u32> = world.service(&id).unwrap().connections.iter().map(|one| one.link_id).collect();
    links.dedup();
    assert_eq!(links.len(), 101, "a link identifier is never used again");
}

#[test]
fn a_private_endpoint_needs_a_subnet_an_address_and_the_one_group() {
    let (mut world, id) = (world(), service("a"));
    world.put_service(&id, plain(Sku::Developer)).unwrap();
    let cases: [(&str, &dyn Fn(&mut EndpointSpec)); 9] = [
        ("InvalidPrivateLinkGroupId", &|spec| spec.group_ids = vec!["Portal".into()]),
        ("InvalidPrivateLinkGroupId", &|spec| spec.group_ids.clear()),
        ("ResourceNotFound", &|spec| spec.target = service("none")),
        ("PrivateEndpointLocationMismatch", &|spec| spec.location = "eastus".into()),
        ("PrivateEndpointCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled", &|spec| {
            spec.subnet = subnet("vn", "policed")
        }),
        ("PrivateEndpointCannotBeCreatedInDelegatedSubnet", &|spec| spec.subnet = subnet("vn", "farms")),
        ("PrivateIPAddressNotInSubnet", &|spec| spec.address = Some("10.0.0.3".parse().unwrap())),
        ("PrivateIPAddressNotInSubnet", &|spec| spec.address = Some("10.0.1.9".parse().unwrap())),
        ("ResourceNotFound", &|spec| spec.alias = Some("no.such.alias".into())),
    ];
    for (code, change) in cases {
        refused(&mut world, code, |world| {
            let mut spec = ask(&service("a"), Approval::Automatic);
            change(&mut spec);
            world.put_endpoint(&endpoint("pe"), spec).cloned()
        });
    }
    let first = world.put_endpoint(&endpoint("pe"), ask(&id, Approval::Automatic)).unwrap().address;
    assert_eq!(first.to_string(), "10.0.0.4");
    refused(&mut world, "PrivateIPAddressInUse", |world| {
        world
            .put_endpoint(
                &endpoint("pe2"),
                EndpointSpec { address: Some(first), ..ask(&service("a"), Approval::Automatic) },
            )
            .cloned()
    });
    refused(&mut world, "PrivateEndpointCannotBeChanged", |world| {
        world
            .put_endpoint(
                &endpoint("pe"),
                EndpointSpec { subnet: subnet("vn", "bare"), ..ask(&service("a"), Approval::Automatic) },
            )
            .cloned()
    });
    world.put_endpoint(&endpoint("pe"), ask(&id, Approval::Manual)).unwrap();
    assert!(world.connection_of(&endpoint("pe")).unwrap().is_approved(), "asking again changes nothing");
}

#[test]
fn what_is_rejected_or_gone_stays_so() {
    let (mut world, id) = (world(), service("a"));
    world.put_service(&id, plain(Sku::Developer)).unwrap();
    for name in ["one", "two", "three"] {
        world.put_endpoint(&endpoint(name), ask(&id, Approval::Manual)).unwrap();
    }
    world.decide_connection(&id, "one", ConnectionStatus::Rejected, Some("no")).unwrap();
    let code = "PrivateEndpointConnectionStateTransitionNotAllowed";
    refused(&mut world, code, |world| {
        world.decide_connection(&service("a"), "one", ConnectionStatus::Approved, None).cloned()
    });
    world.delete_endpoint(&endpoint("two"));
    refused(&mut world, code, |world| {
        world.decide_connection(&service("a"), "two", ConnectionStatus::Approved, None).cloned()
    });
    refused(&mut world, code, |world| {
        world.decide_connection(&service("a"), "three", ConnectionStatus::Disconnected, None).cloned()
    });
    refused(&mut world, "ResourceNotFound", |world| {
        world.decide_connection(&service("a"), "four", ConnectionStatus::Approved, None).cloned()
    });
    assert!(world.delete_connection(&id, "three").unwrap() && !world.delete_connection(&id, "three").unwrap());
    assert_eq!(world.connection_of(&endpoint("three")), None, "the endpoint is there, disconnected");
    world.delete_service(&id);
    assert_eq!(world.connection_of(&endpoint("one")), None);
}

#[test]
fn a_subnet_in_use_stays_as_it_is() {
    let mut world = world();
    world.put_service(&service("a"), injected(Sku::Developer, NetworkType::Internal, "apim", 1)).unwrap();
    refused(&mut world, "InUseSubnetCannotBeDeleted", |world| world.delete_subnet(&subnet("vn", "apim")));
    refused(&mut world, "InUseSubnetCannotBeDeleted", |world| world.delete_virtual_network(&vnet("vn")));
    refused(&mut world, "InUseSubnetCannotBeUpdated", |world| {
        world.put_subnet(&subnet("vn", "apim"), Subnet::new("apim", "10.0.1.0/27".parse().unwrap()))
    });
    refused(&mut world, "PublicIPAddressCannotBeDeleted", |world| world.delete_public_address(&public("ip")));
    assert!(world.delete_subnet(&subnet("vn", "second")).unwrap());
    world.delete_service(&service("a"));
    assert!(world.delete_virtual_network(&vnet("vn")).unwrap());
}

#[test]
fn peers_have_separate_ranges() {
    let mut world = world();
    let peer = |remote: &str| Peering { name: "p".into(), remote: vnet(remote) };
    let one = |range: &str, remote: &str| VirtualNetwork {
        location: "westeurope".into(),
        prefixes: vec![range.parse().unwrap()],
        peerings: vec![peer(remote)],
        ..VirtualNetwork::default()
    };
    refused(&mut world, "VnetAddressSpacesOverlap", |world| {
        world.put_virtual_network(&vnet("x"), one("10.0.8.0/24", "vn"))
    });
    world.put_virtual_network(&vnet("x"), one("172.16.0.0/16", "vn")).unwrap();
}

#[test]
fn a_link_service_is_seen_by_those_it_says() {
    let mut world = world();
    let id = ResourceId::of("sub", "rg", "Microsoft.Network/privateLinkServices", "pls");
    let spec = |visibility, auto: &[&str]| LinkServiceSpec {
        location: "westeurope".into(),
        subnet: subnet("vn", "bare"),
        nat_addresses: 1,
        visibility,
        auto_approved: auto.iter().map(|one| (*one).to_owned()).collect(),
        proxy_protocol: true,
        alias_id: "6a1b".into(),
    };
    let consumer =
        |name: &str, subscription: &str| ResourceId::of(subscription, "rg", "Microsoft.Network/privateEndpoints", name);
    let to = |approval, alias: Option<&str>| EndpointSpec {
        group_ids: Vec::new(),
        alias: alias.map(str::to_owned),
        ..ask(&ResourceId::of("sub", "rg", "Microsoft.Network/privateLinkServices", "pls"), approval)
    };
    refused(&mut world, "AutoApprovalMustBeSubsetOfVisibility", |world| {
        world.put_link_service(&id, spec(Visibility::RoleBased, &["other"])).cloned()
    });
    let alias = world.put_link_service(&id, spec(Visibility::RoleBased, &[])).unwrap().alias.clone();
    assert_eq!(alias, "pls.6a1b.westeurope.azure.privatelinkservice");
    refused(&mut world, "PrivateLinkServiceNotVisible", |world| {
        world
            .put_endpoint(
                &consumer("c1", "other"),
                to(Approval::Manual, Some("pls.6a1b.westeurope.azure.privatelinkservice")),
            )
            .cloned()
    });
    world.put_endpoint(&consumer("own", "sub"), to(Approval::Automatic, None)).unwrap();
    world.put_link_service(&id, spec(Visibility::Subscriptions(vec!["other".into()]), &["other"])).unwrap();
    world.put_endpoint(&consumer("c1", "OTHER"), to(Approval::Manual, None)).unwrap();
    assert!(world.connection_of(&consumer("c1", "other")).unwrap().is_approved(), "approved at once");
    refused(&mut world, "PrivateLinkServiceNotVisible", |world| {
        world.put_endpoint(&consumer("c2", "third"), to(Approval::Manual, None)).cloned()
    });
    world.put_link_service(&id, spec(Visibility::Anyone, &[])).unwrap();
    refused(&mut world, "LinkedAuthorizationFailed", |world| {
        world
            .put_endpoint(
                &consumer("c2", "third"),
                to(Approval::Automatic, Some("pls.6a1b.westeurope.azure.privatelinkservice")),
            )
            .cloned()
    });
    world.put_endpoint(&consumer("c2", "third"), to(Approval::Manual, Some(&alias))).unwrap();
    assert_eq!(world.connection_of(&consumer("c2", "third")).unwrap().status, ConnectionStatus::Pending);
    world.decide_connection(&id, "c2", ConnectionStatus::Approved, None).unwrap();
    refused(&mut world, "PrivateLinkServiceWithPrivateEndpointConnectionsCannotBeDeleted", |world| {
        world.delete_link_service(&id)
    });
}

#[test]
fn zones_records_and_links_follow_their_rules() {
    let mut world = world();
    let id = zone("privatelink.azure-api.net");
    refused(&mut world, "BadRequest", |world| world.put_zone(&zone("net")).cloned());
    world.put_zone(&id).unwrap();
    let link = |network: &str| Link { network: vnet(network), registration: false, falls_back: false };
    refused(&mut world, "ResourceNotFound", |world| world.put_link(&id, "l", link("none")));
    world.put_link(&id, "l", link("vn")).unwrap();
    world.put_link(&id, "L", link("vn")).unwrap();
    let twin = ResourceId::of("sub", "rg2", "Microsoft.Network/privateDnsZones", "privatelink.azure-api.net");
    world.put_zone(&twin).unwrap();
    refused(&mut world, "BadRequest", |world| world.put_link(&twin, "l", link("vn")));
    refused(&mut world, "CannotDeleteResource", |world| world.delete_zone(&id));
    let set = |name: &str, data: Vec<Data>| RecordSet { name: name.into(), ttl: 60, data, owner: None };
    refused(&mut world, "BadRequest", |world| world.put_records(&id, set("a", Vec::new())));
    refused(&mut world, "BadRequest", |world| world.put_records(&id, set("a b", vec![Data::A([10, 0, 0, 1].into())])));
    world.put_records(&id, set("A", vec![Data::A([10, 0, 0, 1].into())])).unwrap();
    assert!(world.delete_records(&id, "a", Kind::A));
    assert!(world.delete_link(&id, "l") && world.delete_zone(&id).unwrap());
}

#[test]
fn a_zone_group_writes_the_endpoints_address_and_takes_it_away() {
    let (mut world, id) = (world(), service("Contoso"));
    world.put_service(&id, plain(Sku::Developer)).unwrap();
    let pe = endpoint("pe");
    world.put_endpoint(&pe, ask(&id, Approval::Automatic)).unwrap();
    let zone_id = zone("privatelink.azure-api.net");
    let group = ZoneGroup { name: "default".into(), zones: vec![zone_id.clone()] };
    refused(&mut world, "ResourceNotFound", |world| world.put_zone_group(&endpoint("pe"), group.clone()));
    world.put_zone(&zone_id).unwrap();
    world.put_zone_group(&pe, group.clone()).unwrap();
    world.put_zone_group(&pe, group.clone()).unwrap();
    let records = |world: &Network| world.zone(&zone("privatelink.azure-api.net")).unwrap().records.clone();
    assert_eq!((records(&world).len(), records(&world)[0].name.as_str()), (1, "contoso"));
    assert!(world.delete_zone_group(&pe, "DEFAULT"));
    assert!(records(&world).is_empty());
    world.put_zone_group(&pe, group).unwrap();
    world.delete_endpoint(&pe);
    assert!(records(&world).is_empty());
}

#[test]
fn everything_survives_being_written_and_read() {
    let (mut world, id) = (world(), service("a"));
    world.put_service(&id, plain(Sku::Developer)).unwrap();
    world.put_endpoint(&endpoint("pe"), ask(&id, Approval::Manual)).unwrap();
    world.put_zone(&zone("privatelink.azure-api.net")).unwrap();
    world
        .put_zone_group(&endpoint("pe"), ZoneGroup { name: "g".into(), zones: vec![zone("privatelink.azure-api.net")] })
        .unwrap();
    let text = serde_json::to_string(&world).unwrap();
    assert_eq!(serde_json::from_str::<Network>(&text).unwrap(), world);
    assert_eq!(serde_json::from_str::<Network>("{}").unwrap(), Network::new());
}
