//! Damaged files never end the process: they are read as far as possible, and what is wrong is said.

#![allow(missing_docs, reason = "a test crate")]

use apimite_import::{Files, Memory, import};

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

fn damaged(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = numbers.below(bytes.len());
    match numbers.below(6) {
        0 => bytes.truncate(at),
        1 => bytes[at] ^= 1 << numbers.below(8),
        2 => drop(bytes.drain(at..(at + numbers.below(40)).min(bytes.len()))),
        3 => {
            let piece = bytes[at..(at + numbers.below(60)).min(bytes.len())].to_vec();
            let to = numbers.below(bytes.len());
            bytes.splice(to..to, piece);
        }
        4 => {
            let signs = b"{}[]\"':,-|>&*#\n\t \\\xff\0";
            bytes[at] = signs[numbers.below(signs.len())];
        }
        _ => bytes.splice(at..at, vec![b'['; 300]).for_each(drop),
    }
    bytes
}

#[test]
fn damaged_files_are_reported_and_never_panic() {
    let sample = apimite_import::sample::files();
    let mut numbers = Numbers(42);
    let mut reported = 0;
    for path in sample.paths() {
        let bytes = sample.read(&path).unwrap().into_owned();
        for _ in 0..12 {
            let files = sample.clone().with_bytes(&path, damaged(&bytes, &mut numbers));
            let imported = import(&files, &|_| None);
            for found in &imported.diagnostics.0 {
                assert!(!found.render().is_empty());
            }
            reported += usize::from(!imported.diagnostics.0.is_empty());
        }
    }
    assert!(reported > 60, "{reported}");
}

#[test]
fn damaged_definitions_and_templates_never_panic() {
    let starts: [(&str, &str); 5] = [
        (
            "s.yaml",
            "openapi: 3.0.1\npaths:\n  /a/{id}:\n    get: {parameters: [{name: id, in: path}], responses: {'200': {content: {a/b: {example: [1]}}}}}\n",
        ),
        (
            "s.json",
            r#"{"swagger": "2.0", "host": "h", "paths": {"/a": {"post": {"parameters": [{"in": "body", "name": "b", "schema": {}}], "responses": {"200": {"schema": {}}}}}}}"#,
        ),
        (
            "s.wsdl",
            r#"<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"><binding><s:binding/><operation name="o"><s:operation soapAction="a"/></operation></binding></definitions>"#,
        ),
        (
            "s.wadl",
            r#"<application><resources base="http://h"><resource path="/a/{b}"><method name="GET"/></resource></resources></application>"#,
        ),
        (
            "t.json",
            r#"{"$schema": "deploymentTemplate.json#", "variables": {"a": "[concat('x', string(1), createArray(1)[0])]"}, "resources": [{"type": "Microsoft.ApiManagement/service/apis", "name": "[format('{0}/{1}', 's', variables('a'))]", "properties": {"path": "[if(equals(1, 1), 'p', json('{'))]"}}]}"#,
        ),
    ];
    let mut numbers = Numbers(7);
    for (path, text) in starts {
        for _ in 0..300 {
            let files = Memory::new().with_bytes(path, damaged(text.as_bytes(), &mut numbers));
            let imported = match path {
                "t.json" => import(&files, &|_| None),
                _ => apimite_import::from_openapi(&files, path, None, apimite_import::Settings::default()),
            };
            assert!(imported.diagnostics.0.iter().all(|found| !found.render().is_empty()));
        }
    }
}
