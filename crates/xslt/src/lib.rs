//! XSLT 1.0 with XPath 1.0, on trees that nothing changes.
//!
//! A style sheet is compiled once ([`Stylesheet::compile`]) and may then transform any number of documents at the same time. A
//! transformation has budgets ([`Budget`]): steps, depth of calls, bytes of output. Nothing is fetched: `document()`,
//! `xsl:import` and `xsl:include` are refused, as are scripts; entities are not expanded.
//!
//! Source: W3C recommendations XSL Transformations 1.0 and XML Path Language 1.0.
//!
//! ```
//! let sheet = apimite_xslt::Stylesheet::compile(
//!     r#"<a xsl:version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:value-of select="sum(//n)"/></a>"#,
//! )?;
//! let output = sheet.transform("<d><n>1</n><n>2</n></d>", &[], apimite_xslt::Budget::default())?;
//! assert!(output.text.ends_with("<a>3</a>"));
//! # Ok::<(), apimite_xslt::Error>(())
//! ```

mod compile;
mod numbers;
mod output;
mod pattern;
mod run;
mod sheet;
mod tree;
mod xpath;

#[cfg(test)]
mod tests;

use output::Method;

/// Why a style sheet is refused or a transformation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

pub(crate) fn fail<T>(message: impl Into<String>) -> Result<T> {
    Err(Error(message.into()))
}

/// What one transformation may use up.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Instructions, and nodes that expressions look at.
    pub steps: u64,
    /// Templates inside each other.
    pub depth: usize,
    /// Bytes of the result and of every text on the way.
    pub bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { steps: 20_000_000, depth: 1_000, bytes: 32 << 20 }
    }
}

/// The result of a transformation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The result as `xsl:output` wants it written.
    pub text: String,
    /// Media type: `media-type` of `xsl:output`, or the usual one of its method.
    pub media_type: String,
}

/// A compiled style sheet.
#[derive(Debug)]
pub struct Stylesheet(sheet::Sheet);

impl Stylesheet {
    /// Compiles the text of a style sheet.
    ///
    /// # Errors
    /// [`Error`] for text that is no XML, and for whatever XSLT 1.0 does not allow.
    pub fn compile(text: &str) -> Result<Self> {
        compile::compile(text).map(Self)
    }

    /// Transforms a document with these values of global parameters.
    ///
    /// # Errors
    /// [`Error`] when the document is no XML, the style sheet ends itself, or a budget is used up.
    pub fn transform(&self, document: &str, parameters: &[(String, String)], budget: Budget) -> Result<Output> {
        let source = tree::parse(document, &self.0)?;
        // Templates call one another: they get a stack of their own.
        std::thread::scope(|scope| {
            let work = || {
                let (result, method) = run::transform(&self.0, source, parameters, budget)?;
                let text = output::write(&self.0.output, method, &result, budget.bytes)?;
                let usual = match method {
                    Method::Xml => "text/xml",
                    Method::Html => "text/html",
                    Method::Text => "text/plain",
                };
                let media_type = self.0.output.media_type.clone().unwrap_or_else(|| usual.to_owned());
                Ok(Output { text, media_type })
            };
            let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
            match thread.map(std::thread::ScopedJoinHandle::join) {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) | Err(_) => fail("the transformation could not be run"),
            }
        })
    }
}

/// Stack of a transformation, for [`Budget::depth`] templates inside each other; memory only where it is touched.
const STACK_BYTES: usize = 128 << 20;
