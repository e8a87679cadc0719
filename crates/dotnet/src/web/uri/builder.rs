//! `UriBuilder`.

use super::escape::escape_component;
use super::scheme::rules;
use super::{Uri, UriKind, check_scheme_name};
use crate::{Exception, ExceptionKind, Thrown};

/// `System.UriBuilder`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UriBuilder {
    scheme: String,
    host: String,
    port: i32,
    path: String,
    query: String,
    fragment: String,
    user_name: String,
    password: String,
}

impl Default for UriBuilder {
    /// `new UriBuilder()`.
    fn default() -> Self {
        Self {
            scheme: "http".to_owned(),
            host: "localhost".to_owned(),
            port: -1,
            path: "/".to_owned(),
            query: String::new(),
            fragment: String::new(),
            user_name: String::new(),
            password: String::new(),
        }
    }
}

impl UriBuilder {
    /// `new UriBuilder(uri)`, from text: without a scheme it is taken for `http`.
    ///
    /// # Errors
    /// `UriFormatException`.
    pub fn from_text(text: &str) -> Result<Self, Thrown> {
        let uri = Uri::new(text, UriKind::RelativeOrAbsolute)?;
        if uri.is_absolute() {
            return Self::from_uri(&uri);
        }
        Self::from_uri(&Uri::absolute(&format!("http://{text}"))?)
    }

    /// `new UriBuilder(uri)`.
    ///
    /// # Errors
    /// `InvalidOperationException` for a relative address.
    pub fn from_uri(uri: &Uri) -> Result<Self, Thrown> {
        let user_info = uri.user_info()?;
        let (user_name, password) = user_info.split_once(':').unwrap_or((&user_info, ""));
        Ok(Self {
            scheme: uri.scheme()?.to_owned(),
            host: uri.host()?.to_owned(),
            port: uri.port()?,
            path: uri.absolute_path()?,
            query: uri.query()?,
            fragment: uri.fragment()?,
            user_name: user_name.to_owned(),
            password: password.to_owned(),
        })
    }

    /// `Scheme`.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Sets `Scheme`; what follows a colon is cut off.
    ///
    /// # Errors
    /// `ArgumentException` for what is no scheme.
    pub fn set_scheme(&mut self, value: &str) -> Result<(), Thrown> {
        let value = value.split(':').next().unwrap_or_default();
        if !value.is_empty() && !check_scheme_name(value) {
            return Err(Exception::new(
                ExceptionKind::Argument,
                "Invalid URI: The URI scheme is not valid. (Parameter 'value')",
            ));
        }
        self.scheme = value.to_ascii_lowercase();
        Ok(())
    }

    /// `Host`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Sets `Host`; an IPv6 address gets its brackets.
    pub fn set_host(&mut self, value: &str) {
        self.host =
            if value.contains(':') && !value.starts_with('[') { format!("[{value}]") } else { value.to_owned() };
    }

    /// `Port`: -1 for none.
    pub fn port(&self) -> i32 {
        self.port
    }

    /// Sets `Port`.
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException` outside -1 to 65535.
    pub fn set_port(&mut self, value: i32) -> Result<(), Thrown> {
        if !(-1..=65_535).contains(&value) {
            return Err(Exception::new(
                ExceptionKind::ArgumentOutOfRange,
                "Specified argument was out of the range of valid values. (Parameter 'value')",
            ));
        }
        self.port = value;
        Ok(())
    }

    /// `Path`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Sets `Path`: escaped, `/` if it is empty.
    pub fn set_path(&mut self, value: &str) {
        let value = if value.is_empty() { "/" } else { value };
        self.path = escape_component(&value.replace('\\', "/")).replace('?', "%3F").replace('#', "%23");
    }

    /// `Query`.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// Sets `Query`: gets its `?` if it has none.
    pub fn set_query(&mut self, value: &str) {
        self.query = delimited('?', value);
    }

    /// `Fragment`.
    pub fn fragment(&self) -> &str {
        &self.fragment
    }

    /// Sets `Fragment`: gets its `#` if it has none.
    pub fn set_fragment(&mut self, value: &str) {
        self.fragment = delimited('#', value);
    }

    /// `UserName`.
    pub fn user_name(&self) -> &str {
        &self.user_name
    }

    /// Sets `UserName`.
    pub fn set_user_name(&mut self, value: &str) {
        value.clone_into(&mut self.user_name);
    }

    /// `Password`.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Sets `Password`.
    pub fn set_password(&mut self, value: &str) {
        value.clone_into(&mut self.password);
    }

    /// `Uri`.
    ///
    /// # Errors
    /// `UriFormatException` when the parts make no address.
    pub fn uri(&self) -> Result<Uri, Thrown> {
        Uri::absolute(&self.text()?)
    }

    /// `ToString()`: the port stands even if it is the usual one.
    ///
    /// # Errors
    /// `UriFormatException` for a password without a user.
    pub fn text(&self) -> Result<String, Thrown> {
        if self.user_name.is_empty() && !self.password.is_empty() {
            return Err(Exception::new(
                ExceptionKind::UriFormat,
                "Invalid URI: The username:password construct is badly formed.",
            ));
        }
        let mut out = String::new();
        if !self.scheme.is_empty() {
            out.push_str(&self.scheme);
            let wanted = rules(&self.scheme).needs_authority || self.scheme == "file";
            let mail = matches!(self.scheme.as_str(), "mailto" | "news" | "uuid");
            out.push_str(if wanted || (!self.host.is_empty() && !mail) { "://" } else { ":" });
        }
        if !self.user_name.is_empty() {
            out.push_str(&self.user_name);
            if !self.password.is_empty() {
                out.push(':');
                out.push_str(&self.password);
            }
            out.push('@');
        }
        if !self.host.is_empty() {
            out.push_str(&self.host);
            if self.port != -1 && self.scheme != "mailto" {
                out.push_str(&format!(":{}", self.port));
            }
            if !self.path.is_empty() && !self.path.starts_with('/') {
                out.push('/');
            }
        }
        out.push_str(&self.path);
        out.push_str(&self.query);
        out.push_str(&self.fragment);
        Ok(out)
    }
}

fn delimited(delimiter: char, value: &str) -> String {
    if value.is_empty() || value.starts_with(delimiter) { value.to_owned() } else { format!("{delimiter}{value}") }
}
