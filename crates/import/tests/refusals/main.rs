//! What is refused, as people see it: each mistake one sentence with file, line, column and the way out, all in one run.

#![allow(missing_docs, reason = "a test crate")]

mod definitions;
mod references;
mod sets;
mod settings;

use apimite_import::{Files, Memory, import};

pub fn api(path: &str) -> String {
    format!(
        "{{\n  \"properties\": {{\n    \"path\": \"{path}\",\n    \"serviceUrl\": \"http://localhost:3000\"\n  }}\n}}\n"
    )
}

/// A set that is in order.
pub fn good() -> Memory {
    Memory::new()
        .with("apis/orders/apiInformation.json", api("orders"))
        .with("apis/orders/specification.yaml", "openapi: 3.0.1\npaths:\n  /:\n    get:\n      operationId: list\n")
}

pub fn remarks(files: &dyn Files) -> String {
    let imported = import(files, &|_| None);
    imported.diagnostics.0.iter().map(|found| found.render()).collect::<Vec<_>>().join("\n")
}
