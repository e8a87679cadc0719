//! Which file each scope's policy document came from.

use apimite_model::{Scope, Service};

/// One policy document of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Scope of the document.
    pub scope: Scope,
    /// What the document belongs to: an API id (with `;rev=N` unless current), `api/operation`, a product, a workspace.
    pub owner: String,
    /// File it was read from.
    pub file: String,
}

/// The policy documents of a service with the files they came from, widest scope first.
pub fn origins(service: &Service) -> Vec<Origin> {
    let mut all = Vec::new();
    let mut add = |scope, owner: String, policy: Option<&apimite_model::PolicyText>| {
        if let Some(policy) = policy {
            all.push(Origin { scope, owner, file: policy.source.name().to_owned() });
        }
    };
    add(Scope::Global, String::new(), service.policy.as_ref());
    for workspace in service.workspaces.values() {
        add(Scope::Workspace, workspace.id.to_string(), workspace.policy.as_ref());
    }
    for product in service.products.values() {
        add(Scope::Product, product.id.to_string(), product.policy.as_ref());
    }
    for api in &service.apis {
        let id = if api.is_current { api.id.to_string() } else { format!("{};rev={}", api.id, api.revision) };
        add(Scope::Api, id.clone(), api.policy.as_ref());
        for operation in &api.operations {
            add(Scope::Operation, format!("{id}/{}", operation.id), operation.policy.as_ref());
        }
    }
    all.sort_by_key(|origin| origin.scope);
    all
}
