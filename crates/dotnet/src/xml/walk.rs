//! The axes of LINQ to XML, walked step by step: what changes meanwhile is seen, as .NET sees it.
//!
//! Source: .NET documentation of the deferred execution of axis methods; behaviour when the current node is removed follows .NET.

use super::name::XName;
use super::object::XObject;
use crate::{Exception, ExceptionKind, Thrown};

/// What is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// `Nodes`.
    Nodes,
    /// `Elements`.
    Elements,
    /// `Attributes`.
    Attributes,
    /// `Descendants`, or `DescendantsAndSelf`.
    Descendants {
        /// The element itself comes first.
        with_self: bool,
    },
    /// `DescendantNodes`, or `DescendantNodesAndSelf`.
    DescendantNodes {
        /// The element itself comes first.
        with_self: bool,
    },
    /// `Ancestors`, or `AncestorsAndSelf`; the nearest comes first.
    Ancestors {
        /// The element itself comes first.
        with_self: bool,
    },
    /// `NodesAfterSelf` and `NodesBeforeSelf`.
    NodesBeside {
        /// Those before it.
        before: bool,
    },
    /// `ElementsAfterSelf` and `ElementsBeforeSelf`.
    ElementsBeside {
        /// Those before it.
        before: bool,
    },
}

/// One walk along an axis.
pub struct Walk {
    of: XObject,
    axis: Axis,
    name: Option<XName>,
    at: Option<XObject>,
    started: bool,
    /// Where the current node stood among its siblings, outermost level first.
    places: Vec<usize>,
}

impl Walk {
    /// Starts a walk; with a name, only what has it is given.
    pub fn new(of: XObject, axis: Axis, name: Option<XName>) -> Self {
        Self { of, axis, name, at: None, started: false, places: vec![0] }
    }

    /// The next node.
    ///
    /// # Errors
    /// `NullReferenceException` when a walk downwards stands on a node that was taken out.
    pub fn advance(&mut self) -> Result<Option<XObject>, Thrown> {
        loop {
            let next = self.step()?;
            self.started = true;
            self.at.clone_from(&next);
            let Some(node) = next else { return Ok(None) };
            if self.fits(&node) {
                return Ok(Some(node));
            }
        }
    }

    fn fits(&self, node: &XObject) -> bool {
        match self.axis {
            Axis::Nodes | Axis::DescendantNodes { .. } | Axis::NodesBeside { .. } => true,
            Axis::Attributes => self.name.as_ref().is_none_or(|name| node.name().as_ref() == Some(name)),
            Axis::Elements | Axis::Descendants { .. } | Axis::Ancestors { .. } | Axis::ElementsBeside { .. } => {
                node.is_element(self.name.as_ref())
            }
        }
    }

    fn step(&mut self) -> Result<Option<XObject>, Thrown> {
        if self.started && self.at.is_none() {
            return Ok(None);
        }
        let of = self.of.clone();
        Ok(match (self.axis, self.at.take()) {
            (Axis::Nodes | Axis::Elements, None) => of.first_node(),
            (Axis::Attributes, None) => of.attributes().into_iter().next(),
            (Axis::Nodes | Axis::Elements | Axis::Attributes, Some(at)) => {
                at.beside(self.place()).filter(|(parent, _)| parent.same(&of)).and_then(|(_, next)| next)
            }
            (Axis::Descendants { with_self } | Axis::DescendantNodes { with_self }, None) => {
                if with_self {
                    Some(of)
                } else {
                    of.first_node()
                }
            }
            (Axis::Descendants { .. } | Axis::DescendantNodes { .. }, Some(at)) => return self.down(at),
            (Axis::Ancestors { with_self }, None) => {
                if with_self {
                    Some(of)
                } else {
                    of.container()
                }
            }
            (Axis::Ancestors { .. }, Some(at)) => at.container(),
            (Axis::NodesBeside { before: true } | Axis::ElementsBeside { before: true }, at) => {
                let next = match at {
                    None => of.container().and_then(|parent| parent.first_node()),
                    Some(at) => {
                        let parent = of.container();
                        at.beside(self.place())
                            .filter(|(own, _)| parent.is_some_and(|parent| parent.same(own)))
                            .and_then(|(_, next)| next)
                    }
                };
                next.filter(|next| !next.same(&of))
            }
            (Axis::NodesBeside { before: false } | Axis::ElementsBeside { before: false }, at) => {
                at.unwrap_or(of).beside(self.place()).and_then(|(_, next)| next)
            }
        })
    }

    fn place(&mut self) -> &mut usize {
        if self.places.is_empty() {
            self.places.push(0);
        }
        let last = self.places.len() - 1;
        &mut self.places[last]
    }

    /// Into the node, else on to what follows it, or what follows one of those it stands in.
    fn down(&mut self, at: XObject) -> Result<Option<XObject>, Thrown> {
        if let Some(first) = at.first_node() {
            if !at.same(&self.of) {
                self.places.push(0);
            }
            return Ok(Some(first));
        }
        let mut at = at;
        while !at.same(&self.of) {
            match at.beside(self.place()) {
                None => {
                    return Err(Exception::new(
                        ExceptionKind::NullReference,
                        "Object reference not set to an instance of an object.",
                    ));
                }
                Some((_, Some(next))) => return Ok(Some(next)),
                Some((parent, None)) => {
                    self.places.pop();
                    at = parent;
                }
            }
        }
        Ok(None)
    }
}
