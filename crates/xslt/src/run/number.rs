//! `xsl:number`.

use super::Run;
use crate::Result;
use crate::numbers::write_numbers;
use crate::pattern::{Pattern, alike};
use crate::sheet::{Level, Numbering};
use crate::xpath::{Context, Host, Place};

impl<'s> Run<'s> {
    pub(super) fn number(&mut self, numbering: &'s Numbering, context: Context) -> Result<String> {
        let numbers = match &numbering.value {
            Some(value) => {
                let number = value.value(context, self)?.number(self);
                let rounded = (number + 0.5).floor();
                if !(0.0..1e15).contains(&rounded) {
                    return Ok(crate::xpath::number_text(number).to_string());
                }
                vec![rounded as u64]
            }
            None => self.places(numbering, context.node)?,
        };
        let format = self.avt(&numbering.format, context)?;
        let separator = self.avt(&numbering.separator, context)?;
        let size = self.avt(&numbering.size, context)?.trim().parse().unwrap_or(0);
        Ok(write_numbers(&numbers, &format, &separator, size))
    }

    pub(super) fn fits(&mut self, patterns: Option<&'s Vec<Pattern>>, like: Place, node: Place) -> Result<bool> {
        let Some(patterns) = patterns else { return Ok(alike(self, like, node)) };
        for pattern in patterns {
            if pattern.fits(node, self)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The numbers of a node by its place in the tree.
    pub(super) fn places(&mut self, numbering: &'s Numbering, node: Place) -> Result<Vec<u64>> {
        let tree = self.tree(node.tree);
        let count = numbering.count.as_ref();
        let from = numbering.from.as_ref();
        if numbering.level == Level::Any {
            let mut number = 0;
            for id in (0..=node.id).rev() {
                let at = Place::new(node.tree, id);
                // Attributes count only where the node is one.
                if tree.is_attribute(id) && id != node.id {
                    continue;
                }
                if self.fits(count, node, at)? {
                    number += 1;
                }
                if from.is_some() && self.fits(from, node, at)? {
                    break;
                }
            }
            return Ok(if number == 0 { Vec::new() } else { vec![number] });
        }
        let mut numbers = Vec::new();
        let mut at = Some(node.id);
        while let Some(id) = at {
            let here = Place::new(node.tree, id);
            if from.is_some() && self.fits(from, node, here)? {
                break;
            }
            if self.fits(count, node, here)? {
                let mut number = 1;
                let siblings: Vec<u32> = tree
                    .parent(id)
                    .map(|up| tree.children(up).take_while(|other| *other < id).collect())
                    .unwrap_or_default();
                for sibling in siblings {
                    if self.fits(count, node, Place::new(node.tree, sibling))? {
                        number += 1;
                    }
                }
                numbers.push(number);
                if numbering.level == Level::Single {
                    break;
                }
            }
            at = tree.parent(id);
        }
        numbers.reverse();
        Ok(numbers)
    }
}
