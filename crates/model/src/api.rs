use std::sync::Arc;

use crate::PolicyText;

/// One API revision.
#[derive(Clone, Debug)]
pub struct Api {
    /// Resource name without the revision (`orders`).
    pub id: Box<str>,
    /// Display name.
    pub name: Box<str>,
    /// Text shown to developers.
    pub description: Box<str>,
    /// URL suffix below the gateway host, without slashes at the ends; may be empty.
    pub path: Box<str>,
    /// What kind of API it is.
    pub kind: ApiKind,
    /// Schemes that take part in the route match.
    pub protocols: Protocols,
    /// Backend base URL; empty when policies choose the backend.
    pub service_url: Box<str>,
    /// Revision number as text (`1`).
    pub revision: Box<str>,
    /// Does a request without `;rev` reach this revision?
    pub is_current: bool,
    /// May the revision be called at all?
    pub is_online: bool,
    /// Version identifier inside the version set; empty for the original.
    pub version: Box<str>,
    /// Id of the version set, if any.
    pub version_set: Option<Box<str>>,
    /// Must a caller present a subscription key?
    pub subscription_required: bool,
    /// Where the key is looked for.
    pub key_names: KeyNames,
    /// Operations in the order they were defined.
    pub operations: Vec<Arc<Operation>>,
    /// Policy at API scope.
    pub policy: Option<PolicyText>,
    /// Schemas of the API, by id: the text of OpenAPI `components/schemas`, WSDL or GraphQL SDL.
    pub schemas: Vec<crate::SchemaText>,
    /// Resolvers of a GraphQL API; none when it is passed through.
    pub resolvers: Vec<Resolver>,
    /// Tags.
    pub tags: Vec<Box<str>>,
    /// Workspace the API belongs to, if any.
    pub workspace: Option<Box<str>>,
}

impl Api {
    /// An HTTP API with the usual defaults: https and http, key required, current online revision 1.
    pub fn new(id: &str, path: &str, service_url: &str) -> Self {
        Self {
            id: id.into(),
            name: id.into(),
            description: "".into(),
            path: path.into(),
            kind: ApiKind::Http,
            protocols: Protocols { http: true, https: true, ws: false, wss: false },
            service_url: service_url.into(),
            revision: "1".into(),
            is_current: true,
            is_online: true,
            version: "".into(),
            version_set: None,
            subscription_required: true,
            key_names: KeyNames::default(),
            operations: Vec::new(),
            policy: None,
            schemas: Vec::new(),
            resolvers: Vec::new(),
            tags: Vec::new(),
            workspace: None,
        }
    }
}

/// What resolves a field of a GraphQL schema.
#[derive(Clone, Debug)]
pub struct Resolver {
    /// Resource name.
    pub id: Box<str>,
    /// Type of the schema, such as `Query`.
    pub kind: Box<str>,
    /// Field of the type.
    pub field: Box<str>,
    /// Its policy.
    pub policy: Option<PolicyText>,
}

/// The kinds of API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApiKind {
    /// REST over HTTP.
    #[default]
    Http,
    /// SOAP passed through.
    Soap,
    /// WebSocket passed through.
    WebSocket,
    /// GraphQL, passed through or synthetic.
    GraphQl,
}

/// Schemes an API answers on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocols {
    /// `http`
    pub http: bool,
    /// `https`
    pub https: bool,
    /// `ws`
    pub ws: bool,
    /// `wss`
    pub wss: bool,
}

/// Names of the header and query parameter that carry the subscription key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyNames {
    /// Header name.
    pub header: Box<str>,
    /// Query parameter name.
    pub query: Box<str>,
}

impl Default for KeyNames {
    fn default() -> Self {
        Self { header: "Ocp-Apim-Subscription-Key".into(), query: "subscription-key".into() }
    }
}

/// One operation of an API.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Resource name.
    pub id: Box<str>,
    /// Display name.
    pub name: Box<str>,
    /// Method, upper case; `*` matches any (WebSocket `onHandshake`, GraphQL).
    pub method: Box<str>,
    /// URL template, starting with `/`, possibly with a query part.
    pub url_template: Box<str>,
    /// Description.
    pub description: Box<str>,
    /// Path and templated query parameters, then request query parameters and headers.
    pub parameters: Vec<Parameter>,
    /// Request body shapes.
    pub request_bodies: Vec<Representation>,
    /// Responses by status.
    pub responses: Vec<ResponseShape>,
    /// Policy at operation scope.
    pub policy: Option<PolicyText>,
}

impl Operation {
    /// An operation without parameters or representations.
    pub fn new(id: &str, method: &str, url_template: &str) -> Self {
        Self {
            id: id.into(),
            name: id.into(),
            method: method.into(),
            url_template: url_template.into(),
            description: "".into(),
            parameters: Vec::new(),
            request_bodies: Vec::new(),
            responses: Vec::new(),
            policy: None,
        }
    }

    /// What is declared for a status: the code itself, else its hundred, else `default`.
    pub fn response(&self, status: u16) -> Option<&ResponseShape> {
        let find = |fits: &dyn Fn(&ResponseShape) -> bool| self.responses.iter().find(|shape| fits(shape));
        find(&|shape| shape.status == Some(status) && !shape.range)
            .or_else(|| find(&|shape| shape.range && shape.status == Some(status / 100 * 100)))
            .or_else(|| find(&|shape| shape.status.is_none()))
    }
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterPlace {
    /// In the URL template.
    Template,
    /// In the query string.
    Query,
    /// In a header.
    Header,
}

/// A declared parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Name.
    pub name: Box<str>,
    /// Where it stands.
    pub place: ParameterPlace,
    /// Must it be present?
    pub required: bool,
    /// JSON schema text, if known (`{"type":"integer"}`).
    pub schema: Option<Box<str>>,
    /// Default value.
    pub default: Option<Box<str>>,
    /// Allowed values, when limited.
    pub values: Vec<Box<str>>,
    /// How a list or an object is written.
    pub style: ParameterStyle,
}

/// How a list or an object is written as text: `style` of OpenAPI 3, `collectionFormat` of Swagger 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterStyle {
    /// A list in one value has this between its items; several values are a list too.
    List(char),
    /// Every value is one item, whatever it holds: `tags=a&tags=b`.
    Repeated,
    /// Members of an object stand on their own: `filter[name]=x`.
    Deep,
}

impl Default for ParameterStyle {
    fn default() -> Self {
        Self::List(',')
    }
}

/// One content type of a request or response body.
#[derive(Clone, Debug, Default)]
pub struct Representation {
    /// Media type, such as `application/json`.
    pub content_type: Box<str>,
    /// JSON schema text (self-contained or with `$ref` into the API's schemas).
    pub schema: Option<Box<str>>,
    /// Name of the type the schema was taken from, for messages.
    pub type_name: Option<Box<str>>,
    /// Id of the [`SchemaText`](crate::SchemaText) the references point into.
    pub schema_id: Option<Box<str>>,
    /// Examples in order.
    pub examples: Vec<Example>,
}

/// A named example body.
#[derive(Clone, Debug)]
pub struct Example {
    /// Name (`default` when unnamed).
    pub name: Box<str>,
    /// The body text.
    pub value: Box<str>,
}

/// A declared response.
#[derive(Clone, Debug)]
pub struct ResponseShape {
    /// Status code; `None` for `default`.
    pub status: Option<u16>,
    /// Does it stand for all codes of its hundred (`2XX` of OpenAPI 3)?
    pub range: bool,
    /// Description.
    pub description: Box<str>,
    /// Declared headers.
    pub headers: Vec<Parameter>,
    /// Bodies by content type.
    pub representations: Vec<Representation>,
}

/// How the versions of an API are told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionScheme {
    /// A path segment after the API path.
    Segment,
    /// A query parameter with this name.
    Query(Box<str>),
    /// A header with this name.
    Header(Box<str>),
}

/// APIs that are versions of one another.
#[derive(Clone, Debug)]
pub struct VersionSet {
    /// Resource name.
    pub id: Box<str>,
    /// Display name.
    pub name: Box<str>,
    /// How versions are told apart.
    pub scheme: VersionScheme,
}
