//! What the blocks of a case put into the service: policies, connections, certificates, responses, entities.

use std::sync::Arc;

use apimite_model::{
    Backend as Entity, Certificate, Connection, ConnectionUser, Example, Representation, ResponseShape, Secret,
};
use base64::Engine;

use crate::page::Block;
use crate::run::World;

impl World<'_> {
    pub(crate) fn connection(&mut self, block: &Block) -> Result<(), String> {
        let [provider, id] = block.words.as_slice() else {
            return Err("a connection needs provider and id behind the fence".to_owned());
        };
        let mut connection = Connection::default();
        for line in block.text.lines() {
            let (name, value) = line.split_once('=').ok_or("a line is `name = value`")?;
            match (name.trim(), value.trim()) {
                ("access-token", value) => connection.access_token = Some(Secret::new(value)),
                ("allow", "managed") => connection.allowed.push(ConnectionUser::Managed),
                ("allow", object) => connection.allowed.push(ConnectionUser::Object(object.into())),
                ("error", value) => connection.error = Some(value.into()),
                (name, value) => {
                    let claim = name.strip_prefix("claim ").ok_or(format!("`{name}` is nothing of a connection"))?;
                    connection.claims.push((claim.trim().into(), value.into()));
                }
            }
        }
        self.service.connections.insert((provider.as_str().into(), id.as_str().into()), connection);
        self.compiled = None;
        Ok(())
    }

    pub(crate) fn certificate(&mut self, block: &Block) -> Result<(), String> {
        let name = block.words.first().ok_or("a certificate needs its name behind the fence")?;
        let der = pem(&block.text)?;
        if block.has("authority") {
            self.service.authorities.push(der.clone());
        }
        if block.has("service") {
            let (id, der): (Box<str>, _) = (name.as_str().into(), der.clone());
            let key = block.text.split_once("-----BEGIN PRIVATE KEY-----").map(|(_, key)| pem(key)).transpose()?;
            let certificate = Certificate { id: id.clone(), thumbprint: "".into(), der, chain: Vec::new(), key };
            self.service.certificates.insert(id, Arc::new(certificate));
        }
        self.certificates.push((name.clone(), der));
        self.compiled = None;
        Ok(())
    }

    pub(crate) fn policy(&mut self, block: &Block) -> Result<(), String> {
        self.compiled = None;
        let Some(section) = block.words.first().filter(|word| !word.contains('=')) else {
            self.document = Some(block.text.clone());
            return Ok(());
        };
        let names = ["inbound", "backend", "outbound", "on-error"];
        let index = names.iter().position(|name| name == section).ok_or(format!("`{section}` is no section"))?;
        let all = match block.value("scope") {
            Some("product") => &mut self.product_sections,
            Some("global") => self.global_sections.get_or_insert_with(Default::default),
            _ => &mut self.sections,
        };
        if let Some(slot) = all.get_mut(index) {
            slot.clone_from(&block.text);
        }
        Ok(())
    }

    pub(crate) fn response(&mut self, block: &Block) -> Result<(), String> {
        let status = block.words.first().ok_or("a response needs its status and its type behind the fence")?;
        let status = status.parse().map_err(|_| format!("`{status}` is no status"))?;
        let kind = block.words.get(1).ok_or("a response needs its type behind the status")?;
        let index = match self.responses.iter().position(|response| response.status == Some(status)) {
            Some(index) => index,
            None => {
                let (headers, representations) = (Vec::new(), Vec::new());
                self.responses.push(ResponseShape {
                    range: false,
                    status: Some(status),
                    description: "".into(),
                    headers,
                    representations,
                });
                self.responses.len() - 1
            }
        };
        let Some(response) = self.responses.get_mut(index) else { return Ok(()) };
        if !response.representations.iter().any(|one| *one.content_type == **kind) {
            let new = Representation { content_type: kind.as_str().into(), ..Representation::default() };
            response.representations.push(new);
        }
        for one in response.representations.iter_mut().filter(|one| *one.content_type == **kind) {
            let text: Box<str> = block.text.as_str().into();
            if block.has("example") {
                one.examples.push(Example { name: "default".into(), value: text });
            } else {
                one.schema = Some(text);
            }
        }
        self.compiled = None;
        Ok(())
    }

    pub(crate) fn entity(&mut self, block: &Block) -> Result<(), String> {
        let id = block.words.first().ok_or("an entity needs its id behind the fence")?;
        let mut entity = Entity::single(id, "http://entity.example");
        let credentials = &mut entity.credentials;
        for line in block.text.lines() {
            let (key, value) = line.split_once('=').ok_or("a line is `key = value`")?;
            let (key, value) = (key.trim(), value.trim());
            match key.split_once('.').unwrap_or((key, "")) {
                ("url", _) => entity.kind = apimite_model::BackendKind::Single { url: value.into() },
                ("header", name) => credentials.headers.push((name.into(), vec![Secret::new(value)])),
                ("query", name) => credentials.query.push((name.into(), vec![Secret::new(value)])),
                ("authorization", _) => {
                    let (scheme, parameter) = value.split_once(' ').unwrap_or((value, ""));
                    credentials.authorization = Some((scheme.into(), Secret::new(parameter)));
                }
                ("identity", _) => credentials.managed_identity = Some((value.into(), None)),
                _ => return Err(format!("`{key}` is no key of an entity")),
            }
        }
        self.service.backends.insert(id.as_str().into(), Arc::new(entity));
        self.compiled = None;
        Ok(())
    }
}

/// The bytes of the first PEM block.
pub(crate) fn pem(text: &str) -> Result<Arc<[u8]>, String> {
    let first = text.split("-----END").next().unwrap_or("");
    let body: String = first.lines().filter(|line| !line.starts_with('-')).map(str::trim).collect();
    base64::engine::general_purpose::STANDARD.decode(body).map(Into::into).map_err(|error| error.to_string())
}
