//! Text of floating point numbers.

use smol_str::SmolStr;

use crate::numeric::Generation;
use crate::numeric::format;

/// `double.ToString()`.
pub(super) fn double_text(value: f64) -> SmolStr {
    SmolStr::from(format::double_text(value, Generation::Modern))
}

/// `float.ToString()`.
pub(super) fn single_text(value: f32) -> SmolStr {
    SmolStr::from(format::single_text(value, Generation::Modern))
}
