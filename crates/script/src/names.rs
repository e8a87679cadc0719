//! Names of .NET members in the manner of Rhai: `IpAddress` is `ip_address`.

/// The snake-case form of a .NET name. A run of capitals is one word: `GraphQL` is `graph_ql`, `IPAddress` is `ip_address`.
pub(crate) fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (index, &c) in chars.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|i| chars.get(i));
        let after = chars.get(index + 1);
        let starts_word = c.is_uppercase()
            && before
                .is_some_and(|b| b.is_lowercase() || b.is_ascii_digit() || after.is_some_and(|a| a.is_lowercase()))
            && before != Some(&'_');
        if starts_word {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::snake;

    #[test]
    fn capitals_start_words() {
        for (name, wanted) in [
            ("IpAddress", "ip_address"),
            ("IPAddress", "ip_address"),
            ("GraphQL", "graph_ql"),
            ("Id", "id"),
            ("GetValueOrDefault", "get_value_or_default"),
            ("AsJwt", "as_jwt"),
            ("ToBase64String", "to_base64_string"),
            ("URL", "url"),
            ("length", "length"),
        ] {
            assert_eq!(snake(name), wanted, "{name}");
        }
    }
}
