//! Policy documents and fragments. They are checked where everything is: when the gateway compiles the whole service.

use serde_json::{Value, json};

use super::{Kind, required, set, text};
use crate::cx::{Cx, Item};
use crate::error::{ArmError, Result};

/// A place for a policy document.
const fn place(name: &'static str) -> Kind {
    Kind { put, ..Kind::new(name) }
}

/// Types.
pub const KINDS: &[Kind] = &[
    place("Microsoft.ApiManagement/service/policies"),
    place("Microsoft.ApiManagement/service/apis/policies"),
    place("Microsoft.ApiManagement/service/apis/operations/policies"),
    place("Microsoft.ApiManagement/service/apis/resolvers/policies"),
    place("Microsoft.ApiManagement/service/products/policies"),
    Kind { put: put_fragment, ..Kind::new("Microsoft.ApiManagement/service/policyFragments") },
];

fn put(_: &mut Cx<'_>, item: &Item, body: Value) -> Result<Value> {
    // Source: the only name of a policy document.
    if !item.name().eq_ignore_ascii_case("policy") {
        return Err(ArmError::invalid(
            "policyId",
            format!("`{}` cannot be the name of a policy: it is `policy`", item.name()),
        ));
    }
    kept(&body)
}

fn put_fragment(_: &mut Cx<'_>, _: &Item, body: Value) -> Result<Value> {
    kept(&body)
}

fn kept(body: &Value) -> Result<Value> {
    let format = text(body, "format").unwrap_or("xml").to_ascii_lowercase();
    match format.as_str() {
        "xml" | "rawxml" => {}
        "xml-link" | "rawxml-link" => {
            let text = "a linked document is at an address; this stand-in asks nobody: send the document itself";
            return Err(ArmError::invalid("format", text));
        }
        _ => return Err(ArmError::invalid("format", format!("`{format}` is no format of a policy: xml or rawxml"))),
    }
    required(body, "value")?;
    let mut kept = json!({ "properties": body.get("properties").cloned().unwrap_or_default() });
    set(&mut kept, "format", format);
    Ok(kept)
}
