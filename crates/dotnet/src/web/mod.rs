//! Addresses and the encodings of the web: `Uri`, `WebUtility`, `HttpUtility`, `IPAddress`, forms, tokens, credentials.

mod basic;
mod entities;
mod form;
mod html;
mod ip;
mod jwt;
mod percent;
pub mod uri;

pub use self::basic::BasicCredentials;
pub use self::form::{encode as form_encode, parse as form_parse, parse_query};
pub use self::html::{html_attribute_encode, html_decode, html_encode, javascript_string_encode};
pub use self::ip::IpAddress;
pub use self::jwt::Jwt;
pub use self::percent::{http_url_decode, http_url_encode, url_decode, url_decode_bytes, url_encode, url_encode_bytes};
