//! Any text is read as C# without a panic, and what is read without a mistake prints to the same tree's text.
#![no_main]

use apimite_expr::syntax::{parse_block, parse_expression, print_block, print_expression};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|code: &str| {
    let (tree, errors) = parse_expression(code);
    if errors.is_empty() {
        let printed = print_expression(&tree);
        assert_eq!(print_expression(&parse_expression(&printed).0), printed);
    }
    let (tree, errors) = parse_block(code);
    if errors.is_empty() {
        let printed = print_block(&tree);
        assert_eq!(print_block(&parse_block(&printed).0), printed);
    }
});
