//! Distinguished names as .NET writes them.

use super::der;

/// Object identifiers that .NET has a short key for in a distinguished name.
const KEYS: &[(&str, &str)] = &[
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "SERIALNUMBER"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "S"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "T"),
    ("2.5.4.13", "Description"),
    ("2.5.4.17", "PostalCode"),
    ("2.5.4.18", "POBox"),
    ("2.5.4.20", "Phone"),
    ("2.5.4.42", "G"),
    ("2.5.4.43", "I"),
    ("2.5.4.46", "dnQualifier"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "E"),
];

/// One attribute of a name: object identifier and value.
pub(super) type Attribute = (String, String);

/// Reads a DER name into its relative names, in the order written.
pub(super) fn attributes(name: &[u8]) -> Vec<Vec<Attribute>> {
    let mut all = Vec::new();
    let Some((0x30, mut content, _)) = der::read(name) else { return all };
    while let Some((0x31, mut set, rest)) = der::read(content) {
        let mut relative = Vec::new();
        while let Some((0x30, pair, more)) = der::read(set) {
            if let Some((6, oid, value)) = der::read(pair)
                && let Some((tag, value, _)) = der::read(value)
            {
                relative.push((dotted(oid), text(tag, value)));
            }
            set = more;
        }
        all.push(relative);
        content = rest;
    }
    all
}

/// The text of a DER name: last part first, as `X509Certificate2.Subject` has it.
pub fn distinguished_name(name: &[u8]) -> String {
    let relatives: Vec<String> = attributes(name)
        .iter()
        .rev()
        .map(|relative| {
            let pairs: Vec<String> = relative
                .iter()
                .map(|(oid, value)| match KEYS.iter().find(|(known, _)| known == oid) {
                    Some((_, key)) => format!("{key}={}", quoted(value)),
                    None => format!("OID.{oid}={}", quoted(value)),
                })
                .collect();
            pairs.join(" + ")
        })
        .collect();
    relatives.join(", ")
}

fn quoted(value: &str) -> String {
    let needs = value.is_empty()
        || value.starts_with(char::is_whitespace)
        || value.ends_with(char::is_whitespace)
        || value.contains([',', '+', '=', '"', '\n', '<', '>', '#', ';']);
    if needs { format!("\"{}\"", value.replace('"', "\"\"")) } else { value.to_owned() }
}

/// An object identifier in dotted form.
pub(super) fn dotted(oid: &[u8]) -> String {
    let mut numbers: Vec<u64> = Vec::new();
    let mut number = 0u64;
    for byte in oid {
        number = number << 7 | u64::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            if numbers.is_empty() {
                let first = (number / 40).min(2);
                numbers.push(first);
                numbers.push(number - first * 40);
            } else {
                numbers.push(number);
            }
            number = 0;
        }
    }
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

/// The text of a DER string of any kind.
pub(super) fn text(tag: u8, bytes: &[u8]) -> String {
    match tag {
        // BMPString, UniversalString, T61String; the others are ASCII or UTF-8.
        0x1E => {
            let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        0x1C => bytes
            .chunks_exact(4)
            .map(|four| char::from_u32(u32::from_be_bytes([four[0], four[1], four[2], four[3]])).unwrap_or('\u{FFFD}'))
            .collect(),
        0x14 => bytes.iter().map(|byte| char::from(*byte)).collect(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(parts: &[(&[u8], &str)]) -> Vec<u8> {
        let relatives: Vec<Vec<u8>> = parts
            .iter()
            .map(|(oid, value)| {
                let pair = der::sequence(&[der::element(6, oid), der::element(0x0C, value.as_bytes())]);
                der::element(0x31, &pair)
            })
            .collect();
        der::sequence(&relatives)
    }

    #[test]
    fn the_last_part_comes_first_and_odd_values_are_quoted() {
        let name = name(&[
            (&[0x55, 4, 6], "CH"),
            (&[0x55, 4, 10], "Contoso, Ltd"),
            (&[0x55, 4, 11], "say \"hi\""),
            (&[0x2A, 3, 4], "x"),
            (&[0x55, 4, 3], "api.contoso.com"),
        ]);
        assert_eq!(
            distinguished_name(&name),
            "CN=api.contoso.com, OID.1.2.3.4=x, OU=\"say \"\"hi\"\"\", O=\"Contoso, Ltd\", C=CH"
        );
    }
}
