//! Who may use a Private Link Service: the model's own rules, for one service and one endpoint.

use apimite_network::{
    Approval, ConnectionStatus, EndpointSpec, LinkServiceSpec, Network, Refusal, ResourceId, Subnet, VirtualNetwork,
    Visibility,
};

/// What one consumer asks of one service.
#[derive(Clone, Debug)]
pub struct Request {
    /// Subscription of the service.
    pub owner: String,
    /// Who may ask.
    pub visibility: Visibility,
    /// Subscriptions whose requests are approved at once.
    pub auto_approved: Vec<String>,
    /// Name of the service.
    pub service: String,
    /// Name of the endpoint.
    pub endpoint: String,
    /// Subscription of the consumer.
    pub consumer: String,
    /// The alias, when the consumer knows the service by that.
    pub alias: Option<String>,
    /// How the connection is asked for.
    pub approval: Approval,
    /// A word to the owner.
    pub message: String,
}

/// The connection of one consumer to one service.
#[derive(Debug)]
pub struct Access {
    network: Network,
    service: ResourceId,
    endpoint: ResourceId,
}

const REGION: &str = "local";

impl Access {
    /// Asks.
    ///
    /// # Errors
    /// The consumer does not see the service, or cannot approve itself.
    pub fn ask(request: &Request) -> Result<Self, Refusal> {
        let mut network = Network::new();
        let vnet = ResourceId::of(&request.owner, "link", "Microsoft.Network/virtualNetworks", "link");
        let range = ipnet();
        network.put_virtual_network(
            &vnet,
            VirtualNetwork {
                location: REGION.to_owned(),
                prefixes: vec![range],
                subnets: vec![Subnet::new("link", range)],
                ..VirtualNetwork::default()
            },
        )?;
        let service = ResourceId::of(&request.owner, "link", "Microsoft.Network/privateLinkServices", &request.service);
        let subnet = vnet.child("subnets", "link");
        let made = network.put_link_service(
            &service,
            LinkServiceSpec {
                location: REGION.to_owned(),
                subnet: subnet.clone(),
                nat_addresses: 1,
                visibility: request.visibility.clone(),
                auto_approved: request.auto_approved.clone(),
                proxy_protocol: false,
                alias_id: "0".to_owned(),
            },
        )?;
        let own = made.alias.clone();
        let endpoint =
            ResourceId::of(&request.consumer, "link", "Microsoft.Network/privateEndpoints", &request.endpoint);
        // The alias on the command line is a name for people; only whether one is used counts.
        let alias = request.alias.as_ref().map(|_| own);
        network.put_endpoint(
            &endpoint,
            EndpointSpec {
                location: REGION.to_owned(),
                subnet,
                address: None,
                target: service.clone(),
                alias,
                group_ids: Vec::new(),
                approval: request.approval,
                connection_name: request.endpoint.clone(),
                message: request.message.clone(),
            },
        )?;
        Ok(Self { network, service, endpoint })
    }

    /// The state of the connection; `Disconnected` once it was deleted.
    pub fn status(&self) -> ConnectionStatus {
        self.network.connection_of(&self.endpoint).map_or(ConnectionStatus::Disconnected, |one| one.status)
    }

    /// Approves or rejects it as the owner.
    ///
    /// # Errors
    /// Its state cannot become the other, or it was deleted.
    pub fn decide(&mut self, status: ConnectionStatus, description: Option<&str>) -> Result<(), Refusal> {
        let name = self.endpoint.name().to_owned();
        self.network.decide_connection(&self.service, &name, status, description).map(|_| ())
    }

    /// Deletes it as the owner.
    pub fn delete(&mut self) {
        // There is one service, which is this one.
        let _ = self.network.delete_connection(&self.service, self.endpoint.name());
    }
}

fn ipnet() -> apimite_network::IpNet {
    apimite_network::IpNet::V4(apimite_network::Ipv4Net::new_assert(std::net::Ipv4Addr::new(10, 0, 0, 0), 24))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(visibility: Visibility, consumer: &str) -> Request {
        Request {
            owner: "owner".into(),
            visibility,
            auto_approved: Vec::new(),
            service: "pls".into(),
            endpoint: "pe".into(),
            consumer: consumer.into(),
            alias: None,
            approval: Approval::Manual,
            message: String::new(),
        }
    }

    #[test]
    fn the_access_list_decides_who_may_ask_and_the_owner_who_gets_through() {
        let refused = Access::ask(&request(Visibility::RoleBased, "other")).unwrap_err();
        assert_eq!(refused.code, "PrivateLinkServiceNotVisible");
        let listed = Visibility::Subscriptions(vec!["other".into()]);
        let mut access = Access::ask(&request(listed, "other")).unwrap();
        assert_eq!(access.status(), ConnectionStatus::Pending);
        access.decide(ConnectionStatus::Approved, None).unwrap();
        assert_eq!(access.status(), ConnectionStatus::Approved);
        access.delete();
        assert_eq!(access.status(), ConnectionStatus::Disconnected);
        assert_eq!(access.decide(ConnectionStatus::Approved, None).unwrap_err().status, 404);
        let by_alias = Request { alias: Some("a".into()), ..request(Visibility::Anyone, "third") };
        assert_eq!(Access::ask(&by_alias).unwrap().status(), ConnectionStatus::Pending);
        let at_once = Request { approval: Approval::Automatic, ..by_alias };
        assert_eq!(Access::ask(&at_once).unwrap_err().code, "LinkedAuthorizationFailed");
    }
}
