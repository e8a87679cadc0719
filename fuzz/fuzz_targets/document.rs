//! Any bytes are read as a document without a panic, and written back as they were.
#![no_main]

use apimite_document::{Limits, Style, read_bytes, substitute, write, write_styled};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut document = read_bytes("fuzz.xml", bytes, Limits::CLASSIC.snippet());
    if document.nodes.iter().count() > 0 {
        assert_eq!(write(&document), document.source.text());
    }
    substitute(&mut document, &|name| Some(format!("@({name}")), &|_| false);
    write_styled(&document, Style::Xml);
});
