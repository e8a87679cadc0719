//! Namespaces of Service Bus and Event Hubs, as their connection strings name them.
//!
//! Source: connection string pages of Service Bus and Event Hubs.

use apimite_model::Secret;

use crate::url::Url;

/// A namespace, and how to be let in.
#[derive(Clone, Debug)]
pub struct Bus {
    /// Where it is, without a path.
    pub base: Url,
    /// `EntityPath`: the queue, topic or hub that everything goes to; without it what a policy or logger names.
    pub entity: Option<Box<str>>,
    /// Name and value of a shared access key; without it the managed identity is used.
    pub key: Option<(Box<str>, Secret)>,
}

impl Bus {
    /// Reads `Endpoint=sb://…;SharedAccessKeyName=…;SharedAccessKey=…;EntityPath=…`, or with `Authentication=Managed Identity` in
    /// place of a key. The endpoint may be an `https` or `http` URL too.
    pub fn parse(text: &str) -> Option<Self> {
        let value = |name: &str| {
            let pairs = text.split(';').filter_map(|pair| pair.split_once('='));
            let mut named = pairs.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
            named.next().map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
        };
        let endpoint = value("Endpoint")?;
        let (scheme, rest) = endpoint.split_once("://")?;
        let plain = value("UseDevelopmentEmulator").is_some_and(|flag| flag.eq_ignore_ascii_case("true"));
        let scheme = match (scheme.to_ascii_lowercase().as_str(), plain) {
            ("sb", false) | ("https", _) => "https",
            ("sb", true) | ("http", _) => "http",
            _ => return None,
        };
        let base = Url::parse(&format!("{scheme}://{}/", rest.trim_end_matches('/'))).ok()?;
        let key = match (value("SharedAccessKeyName"), value("SharedAccessKey")) {
            (Some(name), Some(key)) => Some((name.into(), Secret::new(key))),
            _ if value("Authentication").is_some() => None,
            _ => return None,
        };
        Some(Self { base, entity: value("EntityPath").map(Into::into), key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_string_names_endpoint_key_and_entity() {
        let text =
            "Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=a+b/c=;EntityPath=hub";
        let bus = Bus::parse(text).unwrap();
        assert_eq!(bus.base.to_string(), "https://ns.servicebus.windows.net/");
        assert_eq!(bus.entity.as_deref(), Some("hub"));
        let (name, key) = bus.key.as_ref().unwrap();
        assert_eq!((&**name, key.reveal()), ("send", "a+b/c="));
        assert!(!format!("{bus:?}").contains("a+b/c"), "keys are not shown");
    }

    #[test]
    fn an_identity_takes_the_place_of_a_key_and_nothing_is_no_way_in() {
        let bus = Bus::parse("Endpoint=http://127.0.0.1:5300;Authentication=Managed Identity").unwrap();
        assert!(bus.key.is_none());
        assert_eq!(bus.base.to_string(), "http://127.0.0.1:5300/");
        for text in
            ["", "Endpoint=sb://x/", "Endpoint=ftp://x/;Authentication=x", "SharedAccessKeyName=a;SharedAccessKey=b"]
        {
            assert!(Bus::parse(text).is_none(), "{text}");
        }
    }
}
