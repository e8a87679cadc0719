//! Reads the signature of a row.

use super::member::{Member, MemberKind, Param, ParamMode};
use super::registry::Registry;
use super::rows::{Default, Row, Sort};
use super::typedef::{Shape, TypeDef};
use crate::types::{Type, TypeText};

/// The name of a row without reading the rest: `this` for indexers, the symbol for operators, `.ctor` for constructors,
/// `implicit`/`explicit` for conversions.
pub(crate) fn name_of(row: &'static Row) -> &'static str {
    let sig = row.sig.trim_start();
    match row.sort {
        Sort::Constructor => ".ctor",
        Sort::Conversion => {
            if sig.trim_start_matches("static ").starts_with("implicit") {
                "implicit"
            } else {
                "explicit"
            }
        }
        Sort::Operator => {
            let behind = sig.split_once("operator").map_or("", |(_, rest)| rest.trim_start());
            behind.split('(').next().unwrap_or("").trim()
        }
        Sort::Method => {
            let head = head_before_parens(sig);
            let head = if head.ends_with('>') { &head[..generic_start(head)] } else { head };
            head.rsplit([' ', '>', ']', '?']).next().unwrap_or("")
        }
        Sort::Get | Sort::Set => {
            if let Some((head, _)) = sig.split_once(" this[") {
                let _ = head;
                return "this";
            }
            sig.trim_end().rsplit([' ', '>', ']', '?']).next().unwrap_or("")
        }
    }
}

/// The text before the parameter list: the last `(` at depth 0 that opens it.
fn head_before_parens(sig: &'static str) -> &'static str {
    let mut depth = 0;
    let mut open = 0;
    for (offset, c) in sig.char_indices() {
        match c {
            '(' => {
                if depth == 0 {
                    open = offset;
                    // A tuple result starts the text or follows a space; the list follows a name or `>`.
                    let before = sig[..offset].trim_end();
                    if sig[..offset].len() == before.len() && !before.is_empty() && !before.ends_with(['<', ',']) {
                        return before;
                    }
                }
                depth += 1;
            }
            ')' => depth -= 1,
            _ => {}
        }
    }
    sig[..open].trim_end()
}

fn generic_start(head: &str) -> usize {
    let mut depth = 0;
    for (offset, c) in head.char_indices().rev() {
        match c {
            '>' => depth += 1,
            '<' => {
                depth -= 1;
                if depth == 0 {
                    return offset;
                }
            }
            _ => {}
        }
    }
    0
}

/// Reads a row; an error names what could not be read.
pub(crate) fn read(registry: &Registry, def: &'static TypeDef, row: &'static Row) -> Result<Member, String> {
    let name = name_of(row);
    let mut unknown: Option<String> = None;
    let mut text = TypeText::new(row.sig);
    let mut is_static = text.eat_word("static") || def.shape() == Shape::Static;
    let class_params = def.parameters();
    let mut all_params: Vec<&str> = class_params.clone();
    let mut type_params: Vec<&'static str> = Vec::new();
    if row.sort == Sort::Method {
        let head = head_before_parens(row.sig);
        if head.ends_with('>') {
            let start = generic_start(head);
            type_params = head[start + 1..head.len() - 1].split(',').map(str::trim).collect();
            all_params.extend(&type_params);
        }
    }
    let mut report = |name: &str| {
        unknown.get_or_insert_with(|| name.to_owned());
    };
    let own = || {
        let args: Vec<Type> = class_params
            .iter()
            .enumerate()
            .map(|(i, n)| Type::param(u16::try_from(i).unwrap_or(u16::MAX), n))
            .collect();
        Type::generic(def, &args)
    };
    let (kind, ret) = match row.sort {
        Sort::Constructor => (MemberKind::Constructor, own()),
        Sort::Conversion => {
            is_static = true;
            let kind = if text.eat_word("implicit") {
                MemberKind::Implicit
            } else {
                text.eat_word("explicit");
                MemberKind::Explicit
            };
            text.eat_word("operator");
            (kind, text.read(registry, &all_params, &mut report))
        }
        Sort::Operator => {
            is_static = true;
            let ret = text.read(registry, &all_params, &mut report);
            text.until(&['(']);
            (MemberKind::Operator, ret)
        }
        Sort::Method => {
            let ret = text.read(registry, &all_params, &mut report);
            text.word();
            if text.rest().starts_with('<') {
                text.until(&['(']);
            }
            (MemberKind::Method, ret)
        }
        Sort::Get | Sort::Set => {
            let ret = text.read(registry, &all_params, &mut report);
            text.word();
            let index = name == "this";
            let kind = match (row.sort, index) {
                (Sort::Set, true) => MemberKind::IndexSet,
                (Sort::Set, false) => MemberKind::Set,
                (_, true) => MemberKind::IndexGet,
                _ => MemberKind::Get,
            };
            (kind, ret)
        }
    };
    let mut params = Vec::new();
    let mut is_extension = false;
    let close = if text.eat("(") {
        ')'
    } else if text.eat("[") {
        ']'
    } else {
        '\0'
    };
    if close != '\0' {
        loop {
            text.space();
            if text.rest().starts_with(close) || text.rest().is_empty() {
                break;
            }
            let mut mode = ParamMode::Value;
            if text.eat_word("this") {
                is_extension = true;
            } else if text.eat_word("ref") {
                mode = ParamMode::Ref;
            } else if text.eat_word("out") {
                mode = ParamMode::Out;
            } else if text.eat_word("params") {
                mode = ParamMode::Params;
            }
            let ty = text.read(registry, &all_params, &mut report);
            let name = text.word();
            let default = if text.eat("=") { Some(read_default(text.until(&[',', close]))) } else { None };
            params.push(Param { name, ty, mode, default });
            if !text.eat(",") {
                break;
            }
        }
        text.eat(if close == ')' { ")" } else { "]" });
    }
    let mut struct_only = vec![false; type_params.len()];
    while text.eat_word("where") {
        let name = text.word();
        text.eat(":");
        if text.eat_word("struct") {
            if let Some(index) = type_params.iter().position(|p| *p == name) {
                struct_only[index] = true;
            }
        } else {
            text.word();
        }
    }
    text.space();
    let left = text.rest();
    if !left.is_empty() {
        return Err(format!("`{}` of {}: cannot read `{left}`", row.sig, def.full_name()));
    }
    if let Some(unknown) = unknown {
        return Err(format!("`{}` of {}: no type `{unknown}`", row.sig, def.full_name()));
    }
    Ok(Member { row, def, name, kind, is_static, is_extension, type_params, struct_only, params, ret })
}

fn read_default(text: &'static str) -> Default {
    match text {
        "null" | "default" => Default::Null,
        "true" => Default::Bool(true),
        "false" => Default::Bool(false),
        _ => {
            if let Some(inner) = text.strip_prefix('"') {
                return Default::Str(inner.trim_end_matches('"'));
            }
            if let Some(inner) = text.strip_prefix('\'') {
                return Default::Char(inner.encode_utf16().next().unwrap_or(0));
            }
            if let Ok(n) = text.parse::<i64>() {
                return Default::Int(n);
            }
            text.parse::<f64>().map_or(Default::Null, Default::Float)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::{Imp, Needs};

    fn row(sort: Sort, sig: &'static str) -> &'static Row {
        Box::leak(Box::new(Row {
            sig,
            sort,
            imp: Imp::Virtual,
            listed: None,
            needs: Needs::NONE,
            pure: true,
            hidden: false,
            core_only: false,
            item: None,
        }))
    }

    #[test]
    fn the_name_of_a_row_is_found_without_reading_its_types() {
        assert_eq!(name_of(row(Sort::Method, "string Substring(int startIndex)")), "Substring");
        assert_eq!(
            name_of(row(Sort::Method, "IEnumerable<R> Select<T,R>(this IEnumerable<T> s, Func<T,R> f)")),
            "Select"
        );
        assert_eq!(name_of(row(Sort::Method, "static (int a, string b) Pair((int, int) x)")), "Pair");
        assert_eq!(name_of(row(Sort::Method, "T[] ToArray<T>(this IEnumerable<T> s)")), "ToArray");
        assert_eq!(name_of(row(Sort::Get, "static string Empty")), "Empty");
        assert_eq!(name_of(row(Sort::Get, "List<int> Items")), "Items");
        assert_eq!(name_of(row(Sort::Get, "TValue this[TKey key]")), "this");
        assert_eq!(name_of(row(Sort::Operator, "TimeSpan operator -(DateTime a, DateTime b)")), "-");
        assert_eq!(name_of(row(Sort::Conversion, "implicit operator JToken(string value)")), "implicit");
    }
}
