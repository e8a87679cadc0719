//! Compiles lists of policy elements: sections, fragments, and the inside of wrappers.

use std::collections::HashMap;
use std::sync::Arc;

use apimite_diag::nearest;
use apimite_document::{Element, Limits, Node};
use apimite_model::Scope;

use super::{Compile, check_element};
use crate::def::{PolicyDef, Refused, Section};
use crate::step::{Block, Needs, Step, StepInfo};

/// Deepest nesting of policies.
const MAX_DEPTH: usize = 64;

/// A compiled element, or the place of `<base/>`.
#[derive(Clone)]
pub(crate) enum Item {
    /// A step.
    Step(Arc<Step>),
    /// `<base/>`
    Base,
}

impl Compile<'_> {
    /// Compiles the policies inside a wrapper such as `retry` or `when`.
    pub fn block(&mut self, parent: &Element) -> Block {
        let mut steps = Vec::new();
        let kept = (self.needs, self.element);
        for item in self.items(parent) {
            match item {
                Item::Step(step) => steps.push(step),
                Item::Base => {
                    self.refuse(
                        parent.name_span,
                        "policy::base",
                        "`<base />` may stand directly in a section only",
                        "move it out of the wrapper",
                    );
                }
            }
        }
        (self.needs, self.element) = kept;
        Block::new(steps)
    }

    /// Compiles a child of a wrapper, such as the third `when` of a `choose`, with its place in the path.
    pub fn branch(&mut self, element: &Element, label: &str) -> Block {
        let length = self.path.len();
        self.path.push('/');
        self.path.push_str(label);
        let block = self.block(element);
        self.path.truncate(length);
        block
    }

    /// Compiles a child that runs in place of its siblings, such as the third `when` of a `choose`: what may stand once may stand
    /// once in each.
    pub fn alternative(&mut self, element: &Element, label: &str) -> Block {
        self.once.enter();
        let block = self.branch(element, label);
        self.once.leave();
        block
    }

    /// Compiles a child as policies of another section, such as the response of a resolver.
    pub fn branch_in(&mut self, element: &Element, label: &str, section: Section) -> Block {
        let kept = std::mem::replace(&mut self.section, section);
        let block = self.branch(element, label);
        self.section = kept;
        block
    }

    /// As [`Compile::branch_in`] with only the children of these names; the others are no policies.
    pub fn branch_of(&mut self, element: &Element, label: &str, section: Section, names: &[&str]) -> Block {
        let mut part = element.clone();
        part.children.retain(|node| match node {
            Node::Element(child) => names.contains(&&*child.name),
            _ => false,
        });
        self.branch_in(&part, label, section)
    }

    /// Compiles the policy of a GraphQL resolver.
    pub(crate) fn resolver(&mut self, root: &Element) -> Block {
        self.section_known = false;
        self.path = format!("{}[1]", root.name);
        let mut items = Vec::new();
        self.element(root, 1, &mut items);
        let steps = items.into_iter().filter_map(|item| match item {
            Item::Step(step) => Some(step),
            Item::Base => None,
        });
        Block::new(steps.collect())
    }

    pub(crate) fn items(&mut self, parent: &Element) -> Vec<Item> {
        let mut items = Vec::new();
        let mut counts: HashMap<&str, u32> = HashMap::new();
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            self.refuse(parent.name_span, "policy::depth", "policies are nested too deeply", "flatten the document");
            self.depth -= 1;
            return items;
        }
        for element in parent.elements() {
            let count = counts.entry(&element.name).or_default();
            *count += 1;
            let length = self.path.len();
            if length > 0 {
                self.path.push('/');
            }
            self.path.push_str(&format!("{}[{count}]", element.name));
            self.element(element, *count, &mut items);
            self.path.truncate(length);
        }
        self.depth -= 1;
        items
    }

    fn element(&mut self, element: &Element, count: u32, items: &mut Vec<Item>) {
        match &*element.name {
            "base" => self.base(element, count, items),
            "include-fragment" => self.include(element, items),
            name => match self.find(name) {
                Some(def) => {
                    if let Ok(step) = self.step(def, element) {
                        items.push(Item::Step(step));
                    }
                }
                None => self.unknown(element),
            },
        }
    }

    /// Compiles an element that stands alone, for its refusals.
    pub(crate) fn lone(&mut self, element: &Element) {
        self.element(element, 1, &mut Vec::new());
    }

    fn unknown(&mut self, element: &Element) {
        let help = match nearest(&element.name, self.tools.registry.0.iter().map(|def| def.name)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "no policy has this name".to_owned(),
        };
        let name = element.name.to_string();
        let diagnostic =
            apimite_diag::Diagnostic::new("policy::unknown", format!("The policy element '{name}' is not known"))
                .element(name)
                .at(&self.source, element.name_span)
                .help(help);
        self.diagnostics.push(diagnostic);
    }

    fn base(&mut self, element: &Element, count: u32, items: &mut Vec<Item>) {
        self.element = "base";
        if !self.is_open() && self.scope == Scope::Global && !self.tools.service.decisions.base_in_global_allowed {
            self.refuse(
                element.name_span,
                "policy::base",
                "Element is not allowed in global context",
                "remove it: nothing is above the global document",
            );
        } else if self.in_fragment {
            self.refuse(
                element.name_span,
                "policy::base",
                "`<base />` is not allowed inside a policy fragment",
                "remove it",
            );
        } else if count > 1 {
            self.refuse(
                element.name_span,
                "policy::base",
                "`<base />` may stand once in a section",
                "remove the others",
            );
        } else if self.scope != Scope::Global {
            items.push(Item::Base);
        }
    }

    fn include(&mut self, element: &Element, items: &mut Vec<Item>) {
        self.element = "include-fragment";
        let Some(def) = self.find("include-fragment") else { return };
        if check_element(def, element, self).is_err() {
            return;
        }
        let Some(id) = self.literal(element, "fragment-id") else { return };
        if self.in_fragment {
            self.refuse(
                element.name_span,
                "policy::fragment",
                "`include-fragment` is not allowed inside a policy fragment",
                "include both fragments where this one is included",
            );
            return;
        }
        let Some(fragment) = self.tools.service.fragments.get(id.as_str()) else {
            if self.is_open() {
                return;
            }
            let known = self.tools.service.fragments.keys().map(|key| &**key);
            let help = match nearest(&id, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "add the fragment to the service, or correct `fragment-id`".to_owned(),
            };
            self.refuse(element.name_span, "policy::fragment", format!("Policy fragment '{id}' is not found"), &help);
            return;
        };
        let document = super::service::read(&fragment.policy, self.tools.service, Limits::FRAGMENT, self.diagnostics);
        let Some(root) = document.root() else { return };
        let outer = std::mem::replace(&mut self.source, document.source.clone());
        if &*root.name == "fragment" {
            self.in_fragment = true;
            items.extend(self.items(root));
            self.in_fragment = false;
        } else {
            self.element = "fragment";
            self.refuse(
                root.name_span,
                "policy::fragment",
                format!("a policy fragment begins with `<fragment>`, not `<{}>`", root.name),
                "wrap its policies in `<fragment>`",
            );
        }
        self.source = outer;
    }

    fn step(&mut self, def: &'static PolicyDef, element: &Element) -> Result<Arc<Step>, Refused> {
        self.element = def.name;
        self.once_only(def, element);
        check_element(def, element, self)?;
        self.needs = Needs::default();
        let kind = (def.compile)(element, self)?;
        self.element = def.name;
        let info = StepInfo {
            element: def.name,
            id: element.attr("id").map(|text| text.value().into()),
            scope: self.scope,
            section: self.section,
            path: self.path.as_str().into(),
            source: self.source.clone(),
            span: element.span,
            needs: self.needs,
        };
        Ok(Arc::new(Step { info, kind }))
    }
}
