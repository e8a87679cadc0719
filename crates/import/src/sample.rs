//! The built-in sample service, compiled into the executable.

use crate::Memory;

/// The files of `samples/contoso`.
pub fn files() -> Memory {
    Memory::new()
}
