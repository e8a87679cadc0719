//! The executable `apimite`.

fn main() {}
