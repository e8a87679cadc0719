//! Private endpoint connections of a service: their states and who may change them.

use serde::{Deserialize, Serialize};

use crate::{Refusal, ResourceId};

/// Most connections of one service.
///
/// Source: private endpoint page: at most 100.
pub const MOST_CONNECTIONS: usize = 100;

/// The one sub-resource that a private endpoint reaches.
pub const GROUP_ID: &str = "Gateway";

/// State of a private endpoint connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ConnectionStatus {
    /// Waits for an owner of the service.
    #[default]
    Pending,
    /// Carries traffic.
    Approved,
    /// An owner said no. Final: the connection is to be deleted.
    Rejected,
    /// Its endpoint is gone. Final.
    Disconnected,
}

impl ConnectionStatus {
    /// Its name in ARM.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Approved => "Approved",
            Self::Rejected => "Rejected",
            Self::Disconnected => "Disconnected",
        }
    }

    /// Reads ARM's word; case does not count.
    pub fn from_name(text: &str) -> Option<Self> {
        [Self::Pending, Self::Approved, Self::Rejected, Self::Disconnected]
            .into_iter()
            .find(|status| status.name().eq_ignore_ascii_case(text))
    }

    /// May an owner of the service change this state into that one?
    ///
    /// Source: private endpoint management page: what was rejected cannot be approved; it is deleted and made again.
    /// Writing a state a second time changes nothing and is no error.
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Pending, Self::Pending | Self::Approved | Self::Rejected)
                | (Self::Approved, Self::Approved | Self::Rejected)
                | (Self::Rejected, Self::Rejected)
        )
    }
}

/// A private endpoint connection of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Its name; what `context.Request.PrivateEndpointConnection.Name` shows.
    pub name: String,
    /// The endpoint; the resource may be gone.
    pub endpoint: ResourceId,
    /// State.
    pub status: ConnectionStatus,
    /// Description: the request's message, then the owner's words.
    pub description: String,
    /// Group id, [`GROUP_ID`].
    pub group_id: String,
    /// The number that PROXY v2 headers carry; unique within the service and never used again.
    pub link_id: u32,
}

impl Connection {
    /// Does it carry traffic?
    pub fn is_approved(&self) -> bool {
        self.status == ConnectionStatus::Approved
    }

    /// Changes the state as an owner of the service.
    ///
    /// # Errors
    /// The state cannot become the other.
    pub fn decide(&mut self, status: ConnectionStatus, description: Option<&str>) -> Result<(), Refusal> {
        if !self.status.may_become(status) {
            return Err(self.refuse(status));
        }
        self.status = status;
        if let Some(description) = description {
            description.clone_into(&mut self.description);
        }
        Ok(())
    }

    fn refuse(&self, wanted: ConnectionStatus) -> Refusal {
        let (now, wanted) = (self.status.name(), wanted.name());
        Refusal::new(
            "PrivateEndpointConnectionStateTransitionNotAllowed",
            format!("Private endpoint connection '{}' is {now}; it cannot become {wanted}.", self.name),
            match self.status {
                ConnectionStatus::Rejected => {
                    "delete the connection and its private endpoint, then create the endpoint again"
                }
                ConnectionStatus::Disconnected => "its private endpoint is gone: delete the connection",
                ConnectionStatus::Pending | ConnectionStatus::Approved => "approve or reject the connection",
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ConnectionStatus::{Approved, Disconnected, Pending, Rejected};

    fn connection(status: ConnectionStatus) -> Connection {
        Connection {
            name: "pe".into(),
            endpoint: "/x".into(),
            status,
            description: "please".into(),
            group_id: GROUP_ID.into(),
            link_id: 1,
        }
    }

    #[test]
    fn every_change_of_state_is_decided() {
        let all = [Pending, Approved, Rejected, Disconnected];
        let allowed = [
            (Pending, Pending),
            (Pending, Approved),
            (Pending, Rejected),
            (Approved, Approved),
            (Approved, Rejected),
            (Rejected, Rejected),
        ];
        for from in all {
            for to in all {
                let mut one = connection(from);
                let before = one.clone();
                match one.decide(to, Some("words")) {
                    Ok(()) => {
                        assert!(allowed.contains(&(from, to)), "{from:?} became {to:?}");
                        assert_eq!((one.status, one.description.as_str()), (to, "words"));
                    }
                    Err(refusal) => {
                        assert!(!allowed.contains(&(from, to)), "{from:?} did not become {to:?}");
                        assert_eq!(one, before);
                        assert!(!refusal.help.is_empty());
                    }
                }
            }
        }
    }
}
