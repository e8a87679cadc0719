//! Can control get there?

use super::super::bound::{B, K, S, SK};
use crate::value::Value;

pub(super) fn is_true(e: &B<'_>) -> bool {
    matches!(e.constant, Some(Value::Bool(true)))
}

pub(super) fn is_false(e: &B<'_>) -> bool {
    matches!(e.constant, Some(Value::Bool(false)))
}

/// Can control reach the end of a statement?
pub(crate) fn end_reachable(s: &S<'_>) -> bool {
    reach(s).falls
}

/// Can control reach the end of a list of statements?
pub(crate) fn sequence_end_reachable(list: &[S<'_>]) -> bool {
    sequence(list).falls
}

#[derive(Clone, Copy, Default)]
struct Reach {
    falls: bool,
    breaks: bool,
    continues: bool,
}

fn sequence(list: &[S<'_>]) -> Reach {
    let mut out = Reach { falls: true, ..Reach::default() };
    for s in list {
        if matches!(s.kind, SK::Label(_)) {
            out.falls = true;
            continue;
        }
        if !out.falls {
            continue;
        }
        let r = reach(s);
        out.falls = r.falls;
        out.breaks |= r.breaks;
        out.continues |= r.continues;
    }
    out
}

fn reach(s: &S<'_>) -> Reach {
    let falls = Reach { falls: true, ..Reach::default() };
    match &s.kind {
        SK::Block { body, .. } => sequence(body),
        SK::Empty | SK::Declare { .. } | SK::Label(_) | SK::Yield(_) => falls,
        SK::Expr(e) => Reach { falls: !matches!(e.kind, K::Throw(_)), ..Reach::default() },
        SK::If { condition, then, otherwise } => {
            let a = if is_false(condition) { Reach::default() } else { reach(then) };
            let b = match otherwise {
                Some(s) if !is_true(condition) => reach(s),
                Some(_) => Reach::default(),
                None => Reach { falls: !is_true(condition), ..Reach::default() },
            };
            Reach { falls: a.falls || b.falls, breaks: a.breaks || b.breaks, continues: a.continues || b.continues }
        }
        SK::While { condition, body, .. } => {
            let inner = if is_false(condition) { Reach::default() } else { reach(body) };
            Reach { falls: !is_true(condition) || inner.breaks, ..Reach::default() }
        }
        SK::DoWhile { body, condition } => {
            let inner = reach(body);
            Reach {
                falls: inner.breaks || ((inner.falls || inner.continues) && !is_true(condition)),
                ..Reach::default()
            }
        }
        SK::For { condition, body, .. } => {
            let endless = condition.as_ref().is_none_or(is_true);
            let inner = reach(body);
            Reach { falls: !endless || inner.breaks, ..Reach::default() }
        }
        SK::ForEach { .. } => falls,
        SK::Switch { sections, default, .. } => {
            let mut out = Reach { falls: default.is_none(), ..Reach::default() };
            for section in sections {
                let inner = sequence(&section.body);
                out.falls |= inner.breaks;
                out.continues |= inner.continues;
            }
            out
        }
        SK::Break => Reach { breaks: true, ..Reach::default() },
        SK::Continue => Reach { continues: true, ..Reach::default() },
        SK::Return(_) | SK::YieldBreak | SK::Throw(_) | SK::Goto(_) | SK::GotoCase(_) => Reach::default(),
        SK::Try { block, catches, finally } => {
            let mut out = reach(block);
            for catch in catches {
                let inner = reach(&catch.block);
                out.falls |= inner.falls;
                out.breaks |= inner.breaks;
                out.continues |= inner.continues;
            }
            if let Some(finally) = finally
                && !reach(finally).falls
            {
                return Reach::default();
            }
            out
        }
        SK::Using { body, .. } => reach(body),
    }
}
