//! How a type is written: in C# (`List<int>`), in CLR words (`System.Collections.Generic.List<System.Int32>`), and as
//! `Type.ToString()` has it (``System.Collections.Generic.List`1[System.Int32]``).

use std::fmt::Write;

use super::{Kind, Type};
use crate::library::Shape;

impl Type {
    /// As in C# source and compiler messages: keywords for built-in types, `?` for nullable, full names elsewhere.
    pub fn csharp(self) -> String {
        let mut out = String::new();
        self.write_csharp(&mut out);
        out
    }

    fn write_csharp(self, out: &mut String) {
        match self.kind() {
            Kind::Named { def, args, names } => {
                if let Some(inner) = self.nullable_of() {
                    inner.write_csharp(out);
                    out.push('?');
                } else if self.is_tuple() {
                    out.push('(');
                    for (index, arg) in args.iter().enumerate() {
                        if index > 0 {
                            out.push_str(", ");
                        }
                        arg.write_csharp(out);
                        if let Some(Some(name)) = names.as_ref().and_then(|n| n.get(index)) {
                            let _ = write!(out, " {name}");
                        }
                    }
                    out.push(')');
                } else {
                    out.push_str(keyword(def.0.full_name()).unwrap_or_else(|| {
                        let name = def.0.full_name();
                        if def.0.is_host() { def.0.simple_name() } else { name }
                    }));
                    if !args.is_empty() {
                        out.push('<');
                        for (index, arg) in args.iter().enumerate() {
                            if index > 0 {
                                out.push_str(", ");
                            }
                            arg.write_csharp(out);
                        }
                        out.push('>');
                    }
                }
            }
            Kind::Array { element, rank } => {
                element.write_csharp(out);
                out.push('[');
                for _ in 1..*rank {
                    out.push(',');
                }
                out.push(']');
            }
            Kind::Param { name, .. } => out.push_str(name),
            Kind::Anonymous { names, types } => {
                out.push_str("<anonymous type: ");
                for (index, (name, ty)) in names.iter().zip(types).enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    ty.write_csharp(out);
                    let _ = write!(out, " {name}");
                }
                out.push('>');
            }
            Kind::Null => out.push_str("<null>"),
            Kind::Void => out.push_str("void"),
            Kind::Error => out.push('?'),
        }
    }

    /// The full CLR name with generics as `A<B,C>`, such as `System.Collections.Generic.List<System.Int32>`.
    pub fn clr(self) -> String {
        match self.kind() {
            Kind::Named { def, args, .. } => {
                let mut out = def.0.clr_name().into_owned();
                if !args.is_empty() {
                    out.push('<');
                    for (index, arg) in args.iter().enumerate() {
                        if index > 0 {
                            out.push(',');
                        }
                        out.push_str(&arg.clr());
                    }
                    out.push('>');
                }
                out
            }
            Kind::Array { element, rank } => {
                format!("{}[{}]", element.clr(), ",".repeat(usize::from(*rank) - 1))
            }
            Kind::Anonymous { .. } => "<anonymous>".to_owned(),
            Kind::Param { name, .. } => name.to_string(),
            Kind::Null => "null".to_owned(),
            Kind::Void => "System.Void".to_owned(),
            Kind::Error => "?".to_owned(),
        }
    }

    /// What `Type.ToString()` gives, such as ``System.Collections.Generic.List`1[System.Int32]``.
    pub fn reflected(self) -> String {
        match self.kind() {
            Kind::Named { def, args, .. } => {
                let mut out = def.0.clr_name().into_owned();
                if !args.is_empty() {
                    let _ = write!(out, "`{}[", args.len());
                    for (index, arg) in args.iter().enumerate() {
                        if index > 0 {
                            out.push(',');
                        }
                        out.push_str(&arg.reflected());
                    }
                    out.push(']');
                }
                out
            }
            Kind::Array { element, rank } => {
                format!("{}[{}]", element.reflected(), ",".repeat(usize::from(*rank) - 1))
            }
            Kind::Anonymous { types, .. } => {
                let mut out = format!("<>f__AnonymousType0`{}[", types.len());
                for (index, arg) in types.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    out.push_str(&arg.reflected());
                }
                out.push(']');
                out
            }
            _ => self.clr(),
        }
    }

    /// What `Type.Name` gives, such as ``List`1``.
    pub fn short_name(self) -> String {
        match self.kind() {
            Kind::Named { def, args, .. } => {
                let name = def.0.simple_name();
                let name = name.rsplit('.').next().unwrap_or(name);
                if args.is_empty() { name.to_owned() } else { format!("{name}`{}", args.len()) }
            }
            Kind::Array { element, rank } => {
                format!("{}[{}]", element.short_name(), ",".repeat(usize::from(*rank) - 1))
            }
            Kind::Anonymous { types, .. } => format!("<>f__AnonymousType0`{}", types.len()),
            Kind::Void => "Void".to_owned(),
            _ => self.clr(),
        }
    }

    /// `class`, `struct`, … for messages.
    pub fn sort(self) -> &'static str {
        match self.def().map(crate::library::TypeDef::shape) {
            Some(Shape::Interface) => "interface",
            Some(Shape::Struct) => "struct",
            Some(Shape::Enum) => "enum",
            Some(Shape::Delegate) => "delegate",
            _ => "class",
        }
    }
}

impl std::fmt::Debug for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.csharp())
    }
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.csharp())
    }
}

/// The C# keyword of a built-in type.
pub(crate) fn keyword(full_name: &str) -> Option<&'static str> {
    Some(match full_name {
        "System.Object" => "object",
        "System.String" => "string",
        "System.Boolean" => "bool",
        "System.Char" => "char",
        "System.SByte" => "sbyte",
        "System.Byte" => "byte",
        "System.Int16" => "short",
        "System.UInt16" => "ushort",
        "System.Int32" => "int",
        "System.UInt32" => "uint",
        "System.Int64" => "long",
        "System.UInt64" => "ulong",
        "System.Single" => "float",
        "System.Double" => "double",
        "System.Decimal" => "decimal",
        _ => return None,
    })
}

/// The CLR name of a C# keyword type.
pub(crate) fn keyword_type(keyword: &str) -> Option<&'static str> {
    Some(match keyword {
        "object" => "System.Object",
        "string" => "System.String",
        "bool" => "System.Boolean",
        "char" => "System.Char",
        "sbyte" => "System.SByte",
        "byte" => "System.Byte",
        "short" => "System.Int16",
        "ushort" => "System.UInt16",
        "int" => "System.Int32",
        "uint" => "System.UInt32",
        "long" => "System.Int64",
        "ulong" => "System.UInt64",
        "float" => "System.Single",
        "double" => "System.Double",
        "decimal" => "System.Decimal",
        _ => return None,
    })
}
