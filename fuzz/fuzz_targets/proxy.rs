//! Any bytes are read as the start of a connection without a panic; a header that is read is written and read the same.
#![no_main]

use apimite_network::proxy::{Command, LONGEST, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(Some((length, header))) = parse(bytes) else { return };
    assert!(length <= bytes.len() && length <= LONGEST);
    assert_eq!(parse(&bytes[..length]), Ok(Some((length, header))));
    assert_eq!(parse(&bytes[..length - 1]), Ok(None));
    if header.command == Command::Local || header.addresses.is_some() {
        let written = header.write();
        assert_eq!(parse(&written), Ok(Some((written.len(), header))));
    }
});
