//! How much of the thread's stack is used: recursion stops with an error before the stack ends.

/// The place of the stack now; measure from here with [`used`].
#[inline(never)]
pub(crate) fn here() -> usize {
    let marker = 0_u8;
    std::ptr::from_ref(&marker) as usize
}

/// Bytes of stack used since `base`.
#[inline]
pub(crate) fn used(base: usize) -> usize {
    let marker = 0_u8;
    base.abs_diff(std::ptr::from_ref(&marker) as usize)
}

/// What one compilation or evaluation may use. The smallest stack it runs on has 2 MiB.
pub(crate) const LIMIT_BYTES: usize = 1 << 20;
