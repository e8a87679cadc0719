//! Policies that may stand once in a section or document, wherever in it they stand.
//!
//! Two of them are refused when one request would run both: in the same list, one inside a wrapper (`retry`, `wait`, …) or a
//! fragment, one inside a branch of `choose` and one outside of it. In different branches both are accepted: Azure's own samples
//! hold `cache-store` in two branches and `rate-limit` in two `choose`.
//!
//! Source: usage notes of the policy pages (once in a policy section, once per policy definition); wait page and the decompiler's
//! test data of the policy toolkit for the branches.

use apimite_document::Element;

use super::Compile;
use crate::def::{Occurs, PolicyDef, Section};

/// What was met so far in a document, and where the compiler is.
#[derive(Default)]
pub(super) struct Once {
    /// The branches around the compiler, outermost first, each with a number of its own.
    branches: Vec<u32>,
    /// The number of the last branch.
    last: u32,
    met: Vec<Met>,
}

struct Met {
    element: &'static str,
    section: Section,
    branches: Vec<u32>,
    line: u32,
}

impl Once {
    pub(super) fn enter(&mut self) {
        self.last += 1;
        self.branches.push(self.last);
    }

    pub(super) fn leave(&mut self) {
        self.branches.pop();
    }

    /// An earlier one that runs for the same request.
    fn earlier(&self, def: &PolicyDef, section: Section) -> Option<&Met> {
        self.met.iter().find(|met| {
            let shorter = met.branches.len().min(self.branches.len());
            met.element == def.name
                && (def.occurs == Occurs::OncePerDocument || met.section == section)
                && met.branches.get(..shorter) == self.branches.get(..shorter)
        })
    }
}

impl Compile<'_> {
    /// Refuses a second one of what may stand once.
    pub(super) fn once_only(&mut self, def: &'static PolicyDef, element: &Element) {
        let whole = match def.occurs {
            Occurs::Any => return,
            Occurs::OncePerSection => "a section",
            Occurs::OncePerDocument => "a policy document",
        };
        if let Some(earlier) = self.once.earlier(def, self.section) {
            let help = format!("remove it, or the one on line {}", earlier.line);
            let text = format!("'{}' may stand once in {whole}", def.name);
            self.refuse(element.name_span, "policy::once", text, &help);
            return;
        }
        let line = self.source.position(element.name_span.start).line;
        let (section, branches) = (self.section, self.once.branches.clone());
        self.once.met.push(Met { element: def.name, section, branches, line });
    }
}
