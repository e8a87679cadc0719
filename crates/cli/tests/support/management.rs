//! Azure Resource Manager of a running gateway, as clients call it: over HTTPS, with a token.

use std::process::Command;

use serde_json::{Value, json};

use super::Gateway;

pub const SUB: &str = "/subscriptions/00000000-0000-0000-0000-000000000000";
pub const GROUP: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg";

/// `~`: the instance that the tests make.
pub fn service() -> String {
    format!("{GROUP}/providers/Microsoft.ApiManagement/service/my-apim-service")
}

pub struct Client<'g> {
    pub gateway: &'g Gateway,
    pub token: String,
}

pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub fn code(&self) -> &str {
        self.body.pointer("/error/code").and_then(Value::as_str).unwrap_or_default()
    }
}

/// A request over HTTPS, checked against the local authority.
pub fn curl(gateway: &Gateway, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
    let folder = gateway.folder.path();
    let (head, out) = (folder.join("head"), folder.join("out"));
    std::fs::write(folder.join("in"), body).unwrap();
    std::fs::write(&out, "").unwrap();
    let mut command = Command::new("curl");
    command.args(["-sS", "--max-time", "60", "--cacert"]).arg(folder.join(".apimite/ca.pem"));
    command.arg("-D").arg(&head).arg("-o").arg(&out);
    if method == "HEAD" {
        command.arg("-I")
    } else {
        command.args(["-X", method])
    };
    for header in headers {
        command.args(["-H", header]);
    }
    if !body.is_empty() {
        command.args(["-H", "Content-Type: application/json", "--data-binary"]);
        command.arg(format!("@{}", folder.join("in").display()));
    }
    let done = command.arg(format!("https://{}{path}", gateway.address("arm"))).output().unwrap();
    assert!(done.status.success(), "{method} {path}: {}", String::from_utf8_lossy(&done.stderr));
    let head = std::fs::read_to_string(&head).unwrap();
    let status = head.split(' ').nth(1).and_then(|code| code.trim().parse().ok()).unwrap_or(0);
    let text = std::fs::read_to_string(&out).unwrap();
    Answer { status, head, body: serde_json::from_str(&text).unwrap_or(Value::Null) }
}

impl<'g> Client<'g> {
    /// Signs in as `az login --service-principal` does.
    pub fn new(gateway: &'g Gateway) -> Self {
        let form = "client_id=local&grant_type=client_credentials&client_info=1&client_secret=local&scope=https%3A%2F%2Fx%2F.default";
        let answer =
            curl(gateway, "POST", "/adfs/oauth2/token", &["Content-Type: application/x-www-form-urlencoded"], form);
        assert_eq!(answer.status, 200);
        Self { gateway, token: answer.body["access_token"].as_str().unwrap().to_owned() }
    }

    pub fn send(&self, method: &str, path: &str, headers: &[&str], body: &Value) -> Answer {
        let token = format!("Authorization: Bearer {}", self.token);
        let headers: Vec<&str> = headers.iter().copied().chain([token.as_str()]).collect();
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let mark = if path.contains('?') { '&' } else { '?' };
        curl(self.gateway, method, &format!("{path}{mark}api-version=2022-08-01"), &headers, &text)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], &Value::Null)
    }

    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, &[], body)
    }

    /// Makes what every test of the instance needs: group, network, instance.
    pub fn instance(&self) {
        assert_eq!(self.put(GROUP, &json!({ "location": "westeurope" })).status, 201);
        let vnet = self.put(&format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vn"), &network());
        assert_eq!(vnet.status, 201, "{}", vnet.body);
        let made = self.put(&service(), &instance());
        assert_eq!(
            (made.status, made.body["properties"]["provisioningState"].as_str()),
            (201, Some("Succeeded")),
            "{}",
            made.body
        );
    }

    pub fn endpoint(&self, name: &str, list: &str) -> Answer {
        let body = json!({
            "location": "westeurope",
            "properties": {
                "ipVersionType": "IPv4",
                "subnet": { "id": format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vn/subnets/sn") },
                list: [{ "name": "c1", "properties": { "privateLinkServiceId": service(), "groupIds": ["Gateway"], "requestMessage": "please" } }],
            },
        });
        self.put(&format!("{GROUP}/providers/Microsoft.Network/privateEndpoints/{name}"), &body)
    }
}

pub fn network() -> Value {
    json!({ "location": "westeurope", "properties": {
        "addressSpace": { "addressPrefixes": ["10.1.0.0/16"] },
        "subnets": [{ "name": "sn", "properties": { "addressPrefix": "10.1.0.0/24" } }],
    } })
}

pub fn instance() -> Value {
    json!({ "location": "westeurope", "sku": { "name": "Developer", "capacity": 1 }, "properties": {
        "publisherEmail": "a@example.com", "publisherName": "Contoso", "notificationSenderEmail": "a@example.com",
        "virtualNetworkType": "None", "restore": false, "publicNetworkAccess": "True",
    } })
}
