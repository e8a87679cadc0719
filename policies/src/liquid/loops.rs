//! `for`, `JSONArrayFor` and `tablerow`.

use std::collections::HashMap;
use std::rc::Rc;

use super::parse::{Form, Loop};
use super::render::{Exceeded, Run, Stop};
use super::value::Val;

/// A line end, as .NET writes it on the gateway's system.
const LINE: &str = "\r\n";

fn int(number: usize) -> Val {
    Val::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Where in a table the loop is, from 1.
struct Cell {
    row: usize,
    column: usize,
    columns: usize,
}

impl Run<'_> {
    /// Walks through a list.
    pub(super) fn each(&mut self, each: &Loop) -> Result<Stop, Exceeded> {
        let list = self.value(&each.list)?;
        let list = self.settled(list);
        let mut items = list.items().unwrap_or_default();
        self.budget.steps = self.budget.steps.checked_sub(items.len() as u64).ok_or(Exceeded)?;
        let number = |value: Val| value.text().trim().parse::<usize>().unwrap_or(0);
        let from = match &each.offset {
            _ if each.offset_continues => self.continued.get(&each.name).copied().unwrap_or(0),
            Some(offset) => number(self.value(offset)?),
            None => 0,
        };
        let limit = match &each.limit {
            Some(limit) => number(self.value(limit)?),
            None => usize::MAX,
        };
        items = items.into_iter().skip(from).take(limit).collect();
        if each.reversed {
            items.reverse();
        }
        self.continued.insert(each.name.clone(), from + items.len());
        let mut cell = match &each.form {
            Form::Table(None) => Some(Cell { row: 1, column: 0, columns: items.len() }),
            Form::Table(Some(columns)) => {
                let columns = number(self.value(columns)?);
                Some(Cell { row: 1, column: 0, columns })
            }
            _ => None,
        };
        if items.is_empty() && cell.is_none() {
            return self.nodes(&each.otherwise);
        }
        if cell.is_some() {
            self.write(&format!("<tr class=\"row1\">{LINE}"))?;
        }
        let length = items.len();
        self.scopes.push(HashMap::new());
        let mut outcome = Ok(Stop::Go);
        for (index, item) in items.into_iter().enumerate() {
            if let Some(cell) = &mut cell {
                cell.column += 1;
            }
            self.announce(each, item, index, length, cell.as_ref());
            outcome = self.item(each, index, length, cell.as_mut());
            match outcome {
                Ok(Stop::Go | Stop::Continue) => outcome = Ok(Stop::Go),
                Ok(Stop::Break) => {
                    outcome = Ok(Stop::Go);
                    break;
                }
                Err(Exceeded) => break,
            }
        }
        self.scopes.pop();
        if cell.is_some() && outcome.is_ok() {
            self.write(&format!("</tr>{LINE}"))?;
        }
        outcome
    }

    /// Puts the item and `forloop` or `tablerowloop` into the scope.
    fn announce(&mut self, each: &Loop, item: Val, index: usize, length: usize, cell: Option<&Cell>) {
        let mut told: Vec<(Rc<str>, Val)> = Vec::with_capacity(12);
        let mut tell = |name: &str, value: Val| told.push((Rc::from(name), value));
        if cell.is_none() {
            tell("name", Val::from(&*each.name));
        }
        tell("length", int(length));
        tell("index", int(index + 1));
        tell("index0", int(index));
        if let Some(cell) = cell {
            tell("col", int(cell.column));
            tell("col0", int(cell.column - 1));
        }
        tell("rindex", int(length - index));
        tell("rindex0", int(length - index - 1));
        tell("first", Val::Bool(index == 0));
        tell("last", Val::Bool(index + 1 == length));
        if let Some(cell) = cell {
            tell("col_first", Val::Bool(cell.column == 1));
            tell("col_last", Val::Bool(cell.column == cell.columns));
        }
        let name = if cell.is_some() { "tablerowloop" } else { "forloop" };
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(Rc::from(&*each.variable), item);
            scope.insert(Rc::from(name), Val::Map(told.into()));
        }
    }

    /// Writes one item.
    ///
    /// Source: DotLiquid's `tablerow`.
    fn item(&mut self, each: &Loop, index: usize, length: usize, cell: Option<&mut Cell>) -> Result<Stop, Exceeded> {
        let Some(cell) = cell else {
            if matches!(each.form, Form::Commas) && index > 0 {
                self.write(",")?;
            }
            return self.nodes(&each.body);
        };
        let (text, stop) = self.aside(&each.body)?;
        self.write(&format!("<td class=\"col{}\">{text}</td>", cell.column))?;
        if cell.column == cell.columns && index + 1 != length {
            (cell.column, cell.row) = (0, cell.row + 1);
            self.write(&format!("</tr>{LINE}<tr class=\"row{}\">", cell.row))?;
        }
        Ok(stop)
    }
}
