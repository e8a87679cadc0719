//! A small world that tests change.
#![allow(dead_code, reason = "every test file uses a part")]

use apimite_network::*;

pub fn service(name: &str) -> ResourceId {
    ResourceId::of("sub", "rg", "Microsoft.ApiManagement/service", name)
}

pub fn vnet(name: &str) -> ResourceId {
    ResourceId::of("sub", "rg", "Microsoft.Network/virtualNetworks", name)
}

pub fn subnet(network: &str, name: &str) -> ResourceId {
    vnet(network).child("subnets", name)
}

pub fn endpoint(name: &str) -> ResourceId {
    ResourceId::of("sub", "rg", "Microsoft.Network/privateEndpoints", name)
}

pub fn zone(name: &str) -> ResourceId {
    ResourceId::of("sub", "rg", "Microsoft.Network/privateDnsZones", name)
}

pub fn public(name: &str) -> ResourceId {
    ResourceId::of("sub", "rg", "Microsoft.Network/publicIPAddresses", name)
}

pub fn plain(sku: Sku) -> ServiceSpec {
    ServiceSpec {
        sku,
        sites: vec![Site { location: "West Europe".into(), units: 1, ..Site::default() }],
        ..ServiceSpec::default()
    }
}

pub fn injected(sku: Sku, network_type: NetworkType, name: &str, units: u32) -> ServiceSpec {
    let site = Site {
        location: "westeurope".into(),
        units,
        subnet: Some(subnet("vn", name)),
        public_address: Some(public("ip")),
        zones: Vec::new(),
    };
    ServiceSpec { sku, network_type, sites: vec![site], ..ServiceSpec::default() }
}

pub fn ask(target: &ResourceId, approval: Approval) -> EndpointSpec {
    EndpointSpec {
        location: "westeurope".into(),
        subnet: subnet("vn", "endpoints"),
        address: None,
        target: target.clone(),
        alias: None,
        group_ids: vec!["Gateway".into()],
        approval,
        connection_name: "c".into(),
        message: "please".into(),
    }
}

/// A virtual network `vn` (10.0.0.0/16) with subnets for everything, one in another region, a public address.
pub fn world() -> Network {
    let mut world = Network::new();
    let secured = |name: &str, range: &str| Subnet {
        security_group: Some(
            "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/nsg".into(),
        ),
        ..Subnet::new(name, range.parse().unwrap())
    };
    let delegated = |name: &str, range: &str, to: &str| Subnet { delegations: vec![to.into()], ..secured(name, range) };
    world
        .put_virtual_network(
            &vnet("vn"),
            VirtualNetwork {
                location: "westeurope".into(),
                prefixes: vec!["10.0.0.0/16".parse().unwrap()],
                subnets: vec![
                    Subnet::new("endpoints", "10.0.0.0/24".parse().unwrap()),
                    secured("apim", "10.0.1.0/28"),
                    secured("small", "10.0.2.0/29"),
                    Subnet::new("bare", "10.0.3.0/24".parse().unwrap()),
                    delegated("farms", "10.0.4.0/24", "Microsoft.Web/serverFarms"),
                    delegated("hosting", "10.0.5.0/27", "Microsoft.Web/hostingEnvironments"),
                    Subnet {
                        endpoint_policies: EndpointPolicies::Enabled,
                        ..Subnet::new("policed", "10.0.6.0/24".parse().unwrap())
                    },
                    secured("second", "10.0.7.0/28"),
                ],
                ..VirtualNetwork::default()
            },
        )
        .unwrap();
    let north = VirtualNetwork {
        location: "northeurope".into(),
        prefixes: vec!["10.9.0.0/16".parse().unwrap()],
        subnets: vec![secured("apim", "10.9.1.0/28")],
        ..VirtualNetwork::default()
    };
    world.put_virtual_network(&vnet("north"), north).unwrap();
    world.put_public_address(&public("ip"), "westeurope", "Standard", None).unwrap();
    world.put_public_address(&public("basic"), "westeurope", "Basic", None).unwrap();
    world
}
