//! What a script may use up.

use rhai::Engine;

/// Limits of one run. Reaching one ends the run with a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Operations of the script: calls, loop rounds, expressions.
    pub operations: u64,
    /// Calls in calls.
    pub call_depth: usize,
    /// Expressions in expressions, in the source.
    pub expression_depth: usize,
    /// Longest text, in bytes.
    pub text_bytes: usize,
    /// Most elements of an array, a blob or a map.
    pub elements: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { operations: 250_000, call_depth: 32, expression_depth: 64, text_bytes: 1 << 20, elements: 10_000 }
    }
}

impl Budget {
    pub(crate) fn apply(self, engine: &mut Engine) {
        engine.set_max_operations(self.operations);
        engine.set_max_call_levels(self.call_depth);
        engine.set_max_expr_depths(self.expression_depth, self.expression_depth / 2);
        engine.set_max_string_size(self.text_bytes);
        engine.set_max_array_size(self.elements);
        engine.set_max_map_size(self.elements);
        engine.set_max_modules(0);
        engine.set_max_variables(256);
        engine.set_max_functions(128);
    }
}
