//! HTML text: `WebUtility.HtmlEncode` and `HtmlDecode`, and the quoting of `HttpUtility`.

use super::entities::entity;

/// `WebUtility.HtmlEncode`.
pub fn html_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '\u{A0}'..='\u{FF}' | '\u{10000}'.. => out.push_str(&format!("&#{};", u32::from(character))),
            _ => out.push(character),
        }
    }
    out
}

/// `HttpUtility.HtmlAttributeEncode`.
pub fn html_attribute_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            _ => out.push(character),
        }
    }
    out
}

/// `WebUtility.HtmlDecode`.
pub fn html_decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let decoded = rest
            .find([';', '&'])
            .filter(|end| rest.as_bytes()[*end] == b';')
            .and_then(|end| reference(&rest[..end]).map(|character| (character, end)));
        match decoded {
            Some((character, end)) => {
                out.push(character);
                rest = &rest[end + 1..];
            }
            None => out.push('&'),
        }
    }
    out.push_str(rest);
    out
}

fn reference(name: &str) -> Option<char> {
    match name.strip_prefix('#') {
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.trim().parse().ok()?,
            };
            char::from_u32(code)
        }
        None => entity(name),
    }
}

/// `HttpUtility.JavaScriptStringEncode`.
pub fn javascript_string_encode(text: &str, quotes: bool) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    if quotes {
        out.push('"');
    }
    for character in text.chars() {
        match character {
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' | '\'' | '<' | '>' | '&' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            _ => out.push(character),
        }
    }
    if quotes {
        out.push('"');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_uses_numbers_for_latin_1_and_astral_characters() {
        assert_eq!(
            html_encode("<a href=\"x\">'&'</a>é€😀"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;&#233;€&#128512;"
        );
    }

    #[test]
    fn decoding_leaves_what_is_no_reference() {
        assert_eq!(
            html_decode("&lt;b&gt; &amp;amp; &quot;x&quot; &#39; &nbsp;|&eacute;"),
            "<b> &amp; \"x\" ' \u{a0}|é"
        );
        assert_eq!(
            html_decode("a & b &nope; &#xD800; &#x41;&#65; &copy &lt &"),
            "a & b &nope; &#xD800; AA &copy &lt &"
        );
    }
}
