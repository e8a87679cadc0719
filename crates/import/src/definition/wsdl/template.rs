//! The policy of an operation that is REST outside and SOAP inside: Liquid templates for both bodies, the headers of SOAP, and
//! faults as JSON errors.
//!
//! Source: policies that the import of Azure made, in public repositories: names in JSON begin with a small letter, elements
//! that are not given become `xsi:nil`, texts have quotes and line ends escaped by `Replace`, arrays lose their wrapper.

use std::fmt::Write;

use super::shape::{Content, Field};

const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// The versions of SOAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// SOAP 1.1
    V11,
    /// SOAP 1.2
    V12,
}

/// What a policy is made from.
pub(super) struct Call<'a> {
    pub(super) version: Version,
    /// Path of the service on its host.
    pub(super) path: &'a str,
    pub(super) action: &'a str,
    pub(super) request: Option<&'a Field>,
    pub(super) response: Option<&'a Field>,
}

/// The name of an element in JSON.
pub(super) fn json_name(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// The policy document.
pub(super) fn policy(call: &Call<'_>) -> String {
    let mut inbound = format!(
        "        <base />\n        <rewrite-uri template=\"{}\" copy-unmatched-params=\"false\" />\n",
        attribute(call.path)
    );
    let content_type = match call.version {
        Version::V11 => {
            inbound.push_str(&header("SOAPAction", &format!("\"{}\"", text(call.action)), 8));
            "text/xml".to_owned()
        }
        Version::V12 => format!("application/soap+xml; Action=\"{}\"", text(call.action)),
    };
    let _ = write!(
        inbound,
        "        <set-body template=\"liquid\">{}</set-body>\n{}",
        envelope(call).trim(),
        header("Content-Type", &content_type, 8)
    );
    let outbound = format!(
        "        <base />\n        <choose>\n            <when condition=\"@(context.Response.StatusCode < 400)\">\n                <set-body template=\"liquid\">{}</set-body>\n            </when>\n            <otherwise>\n{}            </otherwise>\n        </choose>\n{}",
        answer(call.response),
        FAULT,
        header("Content-Type", "application/json", 8)
    );
    format!(
        "<policies>\n    <inbound>\n{inbound}    </inbound>\n    <backend>\n        <base />\n    </backend>\n    <outbound>\n{outbound}    </outbound>\n    <on-error>\n        <base />\n    </on-error>\n</policies>\n"
    )
}

/// A fault becomes `{"error": {"code", "message"}}`; what is no fault is told so, with the body as it came.
const FAULT: &str = r#"                <set-variable name="old-body" value="@(context.Response.Body.As<string>(preserveContent: true))" />
                <set-body template="liquid">{ "error": { "code": "{{body.envelope.body.fault.faultcode}}", "message": "{{body.envelope.body.fault.faultstring}}" } }</set-body>
                <choose>
                    <when condition="@{
                        var error = context.Response.Body.As<JObject>(preserveContent: true)["error"];
                        return string.IsNullOrEmpty((string)error["code"]) && string.IsNullOrEmpty((string)error["message"]);
                    }">
                        <set-body>@{
                            var old = (string)context.Variables["old-body"];
                            var message = string.IsNullOrEmpty(old)
                                ? "The error response body was not a valid SOAP error response. The response body was empty."
                                : "The error response body was not a valid SOAP error response. The response body was: '" + old + "'.";
                            return new JObject(new JProperty("error", new JObject(
                                new JProperty("code", "InvalidErrorResponseBody"),
                                new JProperty("message", message)))).ToString();
                        }</set-body>
                    </when>
                </choose>
"#;

fn header(name: &str, value: &str, indent: usize) -> String {
    let space = " ".repeat(indent);
    format!(
        "{space}<set-header name=\"{name}\" exists-action=\"override\">\n{space}    <value>{value}</value>\n{space}</set-header>\n"
    )
}

fn envelope(call: &Call<'_>) -> String {
    let soap = match call.version {
        Version::V11 => "http://schemas.xmlsoap.org/soap/envelope/",
        Version::V12 => "http://www.w3.org/2003/05/soap-envelope",
    };
    let namespace = call.request.map_or("", |field| field.namespace.as_str());
    let mut out = format!("            <soap:Envelope xmlns:soap=\"{soap}\"");
    if !namespace.is_empty() {
        let _ = write!(out, " xmlns=\"{}\"", attribute(namespace));
    }
    let _ = write!(out, " xmlns:xsi=\"{INSTANCE}\">\n                <soap:Body>\n");
    if let Some(field) = call.request {
        let source = format!("body{}", member(&json_name(&field.name)));
        element(&mut out, field, namespace, &source, 0, 5);
    }
    out.push_str("                </soap:Body>\n            </soap:Envelope>\n");
    out
}

/// One element of the request, from the JSON value called `source`.
fn element(out: &mut String, field: &Field, outer: &str, source: &str, loops: usize, level: usize) {
    let space = "    ".repeat(level);
    let name = &field.name;
    let own =
        if field.namespace == outer { String::new() } else { format!(" xmlns=\"{}\"", attribute(&field.namespace)) };
    if field.repeated {
        let item = item(loops);
        let _ = writeln!(out, "{space}{{%- for {item} in {source} -%}}");
        let one = Field { repeated: false, required: true, ..field.clone() };
        element(out, &one, outer, &item, loops + 1, level);
        let _ = writeln!(out, "{space}{{%- endfor -%}}");
        return;
    }
    match &field.content {
        Content::Object(fields) => {
            let _ = writeln!(out, "{space}<{name}{own}>");
            for inner in fields {
                let source = format!("{source}{}", member(&json_name(&inner.name)));
                element(out, inner, &field.namespace, &source, loops, level + 1);
            }
            let _ = writeln!(out, "{space}</{name}>");
        }
        Content::Array(inner) => {
            let _ = writeln!(out, "{space}<{name}{own}>");
            element(out, inner, &field.namespace, source, loops, level + 1);
            let _ = writeln!(out, "{space}</{name}>");
        }
        _ if loops > 0 && source == item(loops - 1) => {
            let _ = writeln!(out, "{space}<{name}{own}>{{{{{source}}}}}</{name}>");
        }
        _ => {
            let _ = writeln!(
                out,
                "{space}{{% if {source} %}}<{name}{own}>{{{{{source}}}}}</{name}>{{% else %}}<{name}{own} xsi:nil=\"true\" />{{% endif %}}"
            );
        }
    }
}

fn answer(response: Option<&Field>) -> String {
    let Some(field) = response else { return "{}".into() };
    let source = format!("body.envelope.body{}", member(&field.name));
    let mut out = format!("{{ \"{}\": ", json_name(&field.name));
    value(&mut out, &Field { repeated: false, ..field.clone() }, &source, 0);
    out.push_str(" }");
    out
}

/// One JSON value of the answer, from the XML called `source`.
fn value(out: &mut String, field: &Field, source: &str, loops: usize) {
    if field.repeated {
        let item = item(loops);
        let _ = write!(out, "[ {{% JSONArrayFor {item} in {source} -%}}");
        value(out, &Field { repeated: false, ..field.clone() }, &item, loops + 1);
        out.push_str("{% endJSONArrayFor -%} ]");
        return;
    }
    match &field.content {
        Content::Object(fields) => {
            out.push('{');
            for (index, inner) in fields.iter().enumerate() {
                let comma = if index == 0 { "" } else { "," };
                let _ = write!(out, "{comma} \"{}\": ", json_name(&inner.name));
                value(out, inner, &format!("{source}{}", member(&inner.name)), loops);
            }
            out.push_str(" }");
        }
        // The items of an element are its elements: the wrapper is walked through.
        Content::Array(inner) => value(out, inner, source, loops),
        Content::Text => {
            let _ = write!(
                out,
                "{{% if {source} %}}\"{{{{{source} | Replace: '\\r', '\\r' | Replace: '\\n', '\\n' | Replace: '([^\\\\](\\\\\\\\)*)\"', '$1\\\"'}}}}\"{{% else %}} null {{% endif %}}"
            );
        }
        Content::Integer | Content::Number | Content::Bool => {
            let _ = write!(out, "{{% if {source} %}}{{{{{source}}}}}{{% else %}} null {{% endif %}}");
        }
    }
}

fn item(loops: usize) -> String {
    if loops == 0 { "item".into() } else { format!("item{loops}") }
}

/// `.name`, or `["name"]` where a name holds what a path cannot.
fn member(name: &str) -> String {
    if name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
        format!(".{name}")
    } else {
        format!("[\"{name}\"]")
    }
}

fn text(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;")
}

fn attribute(value: &str) -> String {
    text(value).replace('"', "&quot;")
}
