//! Calls of library members by name, for rows of the context that give library objects.

use apimite_dotnet::{Exception, ExceptionKind, Thrown};
use apimite_expr::library::MemberKind;
use apimite_expr::{Cx, Type, Value};

/// Calls a static method of a library type: `JObject.Parse(text)`.
pub(super) fn call_static(cx: &mut Cx<'_>, ty: &str, method: &str, args: &mut [Value]) -> Result<Value, Thrown> {
    call(cx, ty, method, MemberKind::Method, args)
}

/// Creates a library object: `new Uri(text)`.
pub(super) fn create(cx: &mut Cx<'_>, ty: &str, args: &mut [Value]) -> Result<Value, Thrown> {
    call(cx, ty, ".ctor", MemberKind::Constructor, args)
}

fn call(cx: &mut Cx<'_>, ty: &str, name: &str, kind: MemberKind, args: &mut [Value]) -> Result<Value, Thrown> {
    let registry = cx.registry();
    let member = registry.find(ty, 0).into_iter().find_map(|def| {
        registry.declared(def, name).into_iter().find(|member| {
            let fits = member.params.len() == args.len()
                && member.params.iter().zip(args.iter()).all(|(param, arg)| cx.is_instance(arg, param.ty));
            member.kind == kind && (kind == MemberKind::Constructor || member.is_static) && fits
        })
    });
    match member {
        Some(member) => cx.call_member(&member, &[], args),
        None => {
            Err(Exception::new(ExceptionKind::NotSupported, format!("{ty} has no member {name} for these arguments.")))
        }
    }
}

/// Creates an object of a generic library type: `new Dictionary<string, object>()`.
pub(super) fn create_generic(cx: &mut Cx<'_>, ty: &str, types: &[Type], args: &mut [Value]) -> Result<Value, Thrown> {
    let registry = cx.registry();
    let member = registry.find(ty, types.len()).into_iter().find_map(|def| {
        let all = registry.declared(def, ".ctor");
        all.into_iter().find(|m| m.kind == MemberKind::Constructor && m.params.len() == args.len())
    });
    match member {
        Some(member) => cx.call_member(&member, types, args),
        None => {
            Err(Exception::new(ExceptionKind::NotSupported, format!("{ty} cannot be created with these arguments.")))
        }
    }
}
