//! Writes the few DER shapes that RSA keys need.

/// One element with its tag and length.
pub(super) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        short @ 0..=127 => out.push(short as u8),
        long => {
            let bytes = long.to_be_bytes();
            let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(0);
            out.push(0x80 | (bytes.len() - first) as u8);
            out.extend_from_slice(&bytes[first..]);
        }
    }
    out.extend_from_slice(content);
    out
}

/// A sequence of elements.
pub(super) fn sequence(elements: &[Vec<u8>]) -> Vec<u8> {
    element(0x30, &elements.concat())
}

/// An unsigned integer from big-endian bytes.
pub(super) fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let trimmed = &bytes[first..];
    let mut content = Vec::with_capacity(trimmed.len() + 1);
    if trimmed.first().is_none_or(|byte| *byte >= 0x80) {
        content.push(0);
    }
    content.extend_from_slice(trimmed);
    element(2, &content)
}

/// `AlgorithmIdentifier` of rsaEncryption.
pub(super) fn rsa_encryption() -> Vec<u8> {
    let oid = element(6, &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1]);
    sequence(&[oid, element(5, &[])])
}

/// Reads one element: tag, content, rest.
pub(super) fn read(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7F);
        if count == 0 || count > 4 || rest.len() < count {
            return None;
        }
        let length = rest[..count].iter().fold(0usize, |length, byte| length << 8 | usize::from(*byte));
        (length, &rest[count..])
    };
    (rest.len() >= length).then(|| (tag, &rest[..length], &rest[length..]))
}

/// The unsigned integers of a sequence, big-endian without leading zeros.
pub(super) fn read_integers(sequence: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (0x30, mut content, _) = read(sequence)? else { return None };
    let mut integers = Vec::new();
    while !content.is_empty() {
        let (2, integer, rest) = read(content)? else { return None };
        let first = integer.iter().position(|byte| *byte != 0).unwrap_or(integer.len());
        integers.push(integer[first..].to_vec());
        content = rest;
    }
    Some(integers)
}
