//! The types one engine knows: looked up by name, their rows read when first asked for.

use std::sync::{Arc, OnceLock};

use hashbrown::HashMap;

use super::member::{Member, MemberKind};
use super::rows::{Row, Sort};
use super::signature;
use super::typedef::{Shape, TypeDef};
use crate::types::{Def, Kind, Type, TypeText};

type Map<K, V> = HashMap<K, V, ahash::RandomState>;

/// The library of an engine.
pub struct Registry {
    /// By full name and by simple name.
    names: Map<&'static str, Vec<&'static TypeDef>>,
    namespaces: hashbrown::HashSet<&'static str, ahash::RandomState>,
    members: Map<Def, Members>,
    defs: Vec<&'static TypeDef>,
    extensions: OnceLock<Map<&'static str, Vec<(Def, usize)>>>,
}

#[derive(Default)]
struct Members {
    table: OnceLock<Table>,
}

struct Table {
    rows: Vec<(&'static Row, OnceLock<Option<Arc<Member>>>)>,
    names: Map<&'static str, Vec<usize>>,
}

impl Registry {
    /// A library of these groups; later groups win over earlier ones when a full name is declared twice.
    pub fn new(groups: &[&[&'static TypeDef]]) -> Self {
        let mut registry = Self {
            names: Map::default(),
            namespaces: hashbrown::HashSet::default(),
            members: Map::default(),
            defs: Vec::new(),
            extensions: OnceLock::new(),
        };
        for def in groups.iter().flat_map(|group| group.iter()) {
            registry.add(def);
        }
        registry
    }

    fn add(&mut self, def: &'static TypeDef) {
        if self.members.contains_key(&Def(def)) {
            return;
        }
        self.members.insert(Def(def), Members::default());
        self.defs.push(def);
        let full = def.full_name();
        self.names.entry(full).or_default().push(def);
        if def.simple_name() != full {
            self.names.entry(def.simple_name()).or_default().push(def);
        }
        let mut namespace = def.namespace();
        while !namespace.is_empty() && self.namespaces.insert(namespace) {
            namespace = namespace.rfind('.').map_or("", |dot| &namespace[..dot]);
        }
    }

    /// Every type, in order of registration.
    pub fn types(&self) -> &[&'static TypeDef] {
        &self.defs
    }

    /// Is `name` a namespace, or the start of one?
    pub fn is_namespace(&self, name: &str) -> bool {
        self.namespaces.contains(name)
    }

    /// The types a source name may mean: a simple name, a full name, or a nested type as `Outer.Inner`.
    pub fn find(&self, name: &str, arity: usize) -> Vec<&'static TypeDef> {
        let mut found: Vec<&'static TypeDef> = self
            .names
            .get(name)
            .map(|list| {
                list.iter()
                    .copied()
                    .filter(|d| d.arity() == arity && (!d.full_name().contains('+') || name == d.full_name()))
                    .collect()
            })
            .unwrap_or_default();
        if found.is_empty() && name.contains('.') {
            let simple = name.rsplit('.').next().unwrap_or(name);
            if let Some(list) = self.names.get(simple) {
                found = list
                    .iter()
                    .copied()
                    .filter(|d| {
                        let full = d.full_name().replace('+', ".");
                        d.arity() == arity
                            && d.full_name().contains('+')
                            && (full == name || full.strip_suffix(name).is_some_and(|p| p.ends_with('.')))
                    })
                    .collect();
            }
        }
        found
    }

    /// The type a library row means.
    pub(crate) fn find_library(&self, name: &str, arity: usize) -> Option<&'static TypeDef> {
        self.find(name, arity).last().copied().or_else(|| {
            // Nested types by their simple name.
            self.names.get(name).and_then(|list| list.iter().copied().find(|d| d.arity() == arity))
        })
    }

    /// Arities declared for a name, for `using the generic type requires N type arguments`.
    pub fn arities(&self, name: &str) -> Vec<usize> {
        self.names.get(name).map(|list| list.iter().map(|d| d.arity()).collect()).unwrap_or_default()
    }

    /// A tuple type; more than seven elements nest as in the CLR.
    pub fn tuple(&self, types: &[Type], names: Option<Vec<Option<Box<str>>>>) -> Type {
        let names = names.filter(|n| n.iter().any(Option::is_some)).map(Vec::into_boxed_slice);
        let arity = types.len().min(8);
        let Some(def) = self.find_library("System.ValueTuple", arity) else { return Type::error() };
        let args: Box<[Type]> = if types.len() > 7 {
            let rest = self.tuple(&types[7..], None);
            types[..7].iter().copied().chain([rest]).collect()
        } else {
            types.into()
        };
        Type::intern(Kind::Named { def: Def(def), args, names })
    }

    fn table(&self, def: &'static TypeDef) -> Option<&Table> {
        let members = self.members.get(&Def(def))?;
        Some(members.table.get_or_init(|| {
            let rows: Vec<_> = def.all_rows().map(|row| (row, OnceLock::new())).collect();
            let mut names: Map<&'static str, Vec<usize>> = Map::default();
            for (index, (row, _)) in rows.iter().enumerate() {
                names.entry(signature::name_of(row)).or_default().push(index);
            }
            Table { rows, names }
        }))
    }

    fn row_member(&self, def: &'static TypeDef, table: &Table, index: usize) -> Option<Arc<Member>> {
        let (row, cell) = table.rows.get(index)?;
        cell.get_or_init(|| signature::read(self, def, row).ok().map(Arc::new)).clone()
    }

    /// The members that a definition itself declares under a name.
    pub fn declared(&self, def: &'static TypeDef, name: &str) -> Vec<Arc<Member>> {
        let Some(table) = self.table(def) else { return Vec::new() };
        let Some(indexes) = table.names.get(name) else { return Vec::new() };
        indexes.iter().filter_map(|&i| self.row_member(def, table, i)).collect()
    }

    /// Every member a definition declares.
    pub fn all_declared(&self, def: &'static TypeDef) -> Vec<Arc<Member>> {
        let Some(table) = self.table(def) else { return Vec::new() };
        (0..table.rows.len()).filter_map(|i| self.row_member(def, table, i)).collect()
    }

    /// Extension methods of a name, from every static class.
    pub fn extensions(&self, name: &str) -> Vec<Arc<Member>> {
        let table = self.extensions.get_or_init(|| {
            let mut map: Map<&'static str, Vec<(Def, usize)>> = Map::default();
            for def in &self.defs {
                if def.shape() != Shape::Static {
                    continue;
                }
                for (index, row) in def.all_rows().enumerate() {
                    if row.sort == Sort::Method && row.sig.contains("(this ") {
                        map.entry(signature::name_of(row)).or_default().push((Def(def), index));
                    }
                }
            }
            map
        });
        let Some(list) = table.get(name) else { return Vec::new() };
        list.iter().filter_map(|(def, index)| self.row_member(def.0, self.table(def.0)?, *index)).collect()
    }

    /// Names of all extension methods, for suggestions and completion.
    pub fn extension_names(&self) -> Vec<&'static str> {
        let _ = self.extensions("");
        self.extensions.get().map(|t| t.keys().copied().collect()).unwrap_or_default()
    }

    /// Reads every row and says which cannot be read: a test calls it.
    pub fn mistakes(&self) -> Vec<String> {
        let mut out = Vec::new();
        for def in &self.defs {
            for row in def.all_rows() {
                if let Err(error) = signature::read(self, def, row) {
                    out.push(error);
                }
            }
            for text in [def.base_text(), def.interfaces_text()] {
                let mut report = |name: &str| out.push(format!("{}: no type `{name}`", def.full_name()));
                let _ = self.read_list(text, &def.parameters(), &mut report);
            }
        }
        out
    }

    fn read_list(&self, text: &str, params: &[&str], report: &mut dyn FnMut(&str)) -> Vec<Type> {
        let mut out = Vec::new();
        let mut cursor = TypeText::new(text);
        cursor.space();
        while !cursor.rest().is_empty() {
            out.push(cursor.read(self, params, report));
            if !cursor.eat(",") {
                break;
            }
        }
        out
    }

    /// Reads a type written as C# text, such as `IReadOnlyDictionary<string, string[]>`.
    pub fn read_type(&self, text: &str) -> Type {
        TypeText::new(text).read(self, &[], &mut |_| {})
    }

    /// The base class.
    pub fn base(&self, ty: Type) -> Option<Type> {
        match ty.kind() {
            Kind::Named { def, args, .. } => {
                let def = def.0;
                if !def.base_text().is_empty() {
                    let read = TypeText::new(def.base_text()).read(self, &def.parameters(), &mut |_| {});
                    return Some(read.substitute(args));
                }
                match def.shape() {
                    Shape::Interface => None,
                    Shape::Enum => Some(Type::enum_base()),
                    Shape::Delegate => Some(Type::delegate_base()),
                    Shape::Struct => Some(Type::value_type()),
                    Shape::Class | Shape::Static => (ty != Type::object()).then(Type::object),
                }
            }
            Kind::Array { .. } => Some(Type::array_base()),
            Kind::Anonymous { .. } => Some(Type::object()),
            _ => None,
        }
    }

    /// Every base class and interface of a type, nearest first, without the type itself; `object` comes last.
    pub fn supers(&self, ty: Type) -> &'static [Type] {
        ty.info().supers.get_or_init(|| {
            let mut out: Vec<Type> = Vec::new();
            let push = |t: Type, out: &mut Vec<Type>| {
                if t != Type::object() && !out.contains(&t) {
                    out.push(t);
                }
            };
            if let Some(base) = self.base(ty) {
                push(base, &mut out);
                for t in self.supers(base) {
                    push(*t, &mut out);
                }
            }
            let direct: Vec<Type> = match ty.kind() {
                Kind::Named { def, args, .. } => self
                    .read_list(def.0.interfaces_text(), &def.0.parameters(), &mut |_| {})
                    .into_iter()
                    .map(|t| t.substitute(args))
                    .collect(),
                Kind::Array { element, rank: 1 } => {
                    let read = |text: &str| self.read_type(text);
                    let of = |name: &str| {
                        self.find_library(name, 1).map_or_else(Type::error, |d| Type::generic(d, &[*element]))
                    };
                    let _ = read;
                    vec![of("System.Collections.Generic.IList"), of("System.Collections.Generic.IReadOnlyList")]
                }
                _ => Vec::new(),
            };
            for interface in direct {
                push(interface, &mut out);
                for t in self.supers(interface) {
                    push(*t, &mut out);
                }
            }
            out.push(Type::object());
            if ty == Type::object() {
                out.clear();
            }
            out.into_boxed_slice()
        })
    }

    /// The instantiation of `def` that `ty` is or derives from.
    pub fn as_instance(&self, ty: Type, def: &'static TypeDef) -> Option<Type> {
        if ty.is(def) {
            return Some(ty);
        }
        self.supers(ty).iter().copied().find(|t| t.is(def))
    }

    /// Is every value of `from` a value of `to` by identity, inheritance, interfaces, or variance (no boxing question asked)?
    pub fn derives(&self, from: Type, to: Type) -> bool {
        if from.same(to) || to == Type::object() {
            return true;
        }
        if let (Kind::Array { element: a, rank: x }, Kind::Array { element: b, rank: y }) = (from.kind(), to.kind()) {
            return x == y && a.is_reference() && b.is_reference() && self.derives(*a, *b);
        }
        if self.variant(from, to) {
            return true;
        }
        self.supers(from).iter().any(|t| t.same(to) || self.variant(*t, to))
            // string[] is IEnumerable<object>
            || matches!(from.kind(), Kind::Array { element, rank: 1 }
                if element.is_reference()
                    && to.args().len() == 1
                    && to.args()[0].is_reference()
                    && self.derives(*element, to.args()[0])
                    && self.supers(from).iter().any(|t| to.def().is_some_and(|d| t.is(d))))
    }

    fn variant(&self, from: Type, to: Type) -> bool {
        let (Kind::Named { def: a, args: x, .. }, Kind::Named { def: b, args: y, .. }) = (from.kind(), to.kind())
        else {
            return false;
        };
        if a != b || x.is_empty() || !matches!(a.0.shape(), Shape::Interface | Shape::Delegate) {
            return false;
        }
        a.0.variance().iter().zip(x.iter().zip(y)).all(|((_, variance), (s, t))| {
            s.same(*t)
                || match variance {
                    1 => s.is_reference() && t.is_reference() && self.derives(*s, *t),
                    -1 => s.is_reference() && t.is_reference() && self.derives(*t, *s),
                    _ => false,
                }
        })
    }

    /// The parameters and result of a delegate type.
    pub fn delegate(&self, ty: Type) -> Option<(Vec<(Type, super::ParamMode)>, Type)> {
        let Kind::Named { def, args, .. } = ty.kind() else { return None };
        if def.0.shape() != Shape::Delegate || def.0.invoke_text().is_empty() {
            return None;
        }
        let params = def.0.parameters();
        let mut text = TypeText::new(def.0.invoke_text());
        let ret = text.read(self, &params, &mut |_| {}).substitute(args);
        text.word();
        text.eat("(");
        let mut out = Vec::new();
        loop {
            text.space();
            if text.rest().starts_with(')') || text.rest().is_empty() {
                break;
            }
            let mode = if text.eat_word("ref") {
                super::ParamMode::Ref
            } else if text.eat_word("out") {
                super::ParamMode::Out
            } else {
                super::ParamMode::Value
            };
            out.push((text.read(self, &params, &mut |_| {}).substitute(args), mode));
            text.word();
            if !text.eat(",") {
                break;
            }
        }
        Some((out, ret))
    }

    /// The member that carries out an interface member on a run-time type: same name, kind and number of parameters;
    /// the type itself first, then its base classes. Parameter types decide between overloads.
    pub(crate) fn implementation(
        &self,
        runtime: Type,
        wanted: &Member,
        wanted_args: &[Type],
    ) -> Option<(Arc<Member>, Type)> {
        let mut at = Some(runtime);
        let mut fallback = None;
        while let Some(ty) = at {
            let def = match ty.kind() {
                Kind::Named { def, .. } => Some(def.0),
                _ => None,
            };
            if let Some(def) = def {
                for member in self.declared(def, wanted.name) {
                    if member.is_virtual()
                        || member.is_static
                        || member.kind != wanted.kind
                        || member.params.len() != wanted.params.len()
                    {
                        continue;
                    }
                    let same =
                        member.params.iter().zip(&wanted.params).all(|(a, b)| {
                            a.ty.is_open() || a.ty.substitute(ty.args()).same(b.ty.substitute(wanted_args))
                        });
                    if same {
                        return Some((member, ty));
                    }
                    fallback.get_or_insert((member, ty));
                }
            }
            at = self.base(ty);
        }
        fallback
    }
}

impl MemberKind {
    /// Is it an indexer?
    pub fn is_index(self) -> bool {
        matches!(self, Self::IndexGet | Self::IndexSet)
    }
}
