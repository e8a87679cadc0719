//! What the parts of a message are called in reports.

/// A part of a message that has a name and a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Query,
    Path,
    RequestHeader,
    ResponseHeader,
}

impl Part {
    /// `Type` of the report.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Query => "QueryParameter",
            Self::Path => "PathParameter",
            Self::RequestHeader => "RequestHeader",
            Self::ResponseHeader => "ResponseHeader",
        }
    }

    /// In a sentence.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Query => "query parameter",
            Self::Path => "path parameter",
            Self::RequestHeader | Self::ResponseHeader => "header",
        }
    }

    /// Does a problem of it concern the client?
    pub(crate) const fn is_of_request(self) -> bool {
        !matches!(self, Self::ResponseHeader)
    }
}
