//! What compiles and will throw when it runs: told when a document is checked, refused by nobody.

use apimite_dotnet::regex::{Regex, RegexOptions};

use super::bound::Arg;
use crate::compile::CompileError;
use crate::library::Member;
use crate::value::Value;

/// A constant pattern that the `Regex` constructor will refuse with an `ArgumentException`.
pub(super) fn bad_pattern(member: &Member, args: &[Arg<'_>]) -> Option<CompileError> {
    if member.def.full_name() != "System.Text.RegularExpressions.Regex" {
        return None;
    }
    let argument = |name: &str| {
        let receiver = args.len().checked_sub(member.params.len())?;
        let place = member.params.iter().position(|param| param.name == name)?;
        args.get(receiver + place).map(|arg| &arg.value)
    };
    let pattern = argument("pattern")?;
    let Some(Value::Str(text)) = &pattern.constant else { return None };
    let options = match argument("options") {
        None => RegexOptions::NONE,
        Some(options) => RegexOptions::from_bits(i32::try_from(options.constant.as_ref()?.integer()?).ok()?),
    };
    let thrown = Regex::new(text, options).err()?;
    Some(CompileError {
        code: "APIM101",
        message: format!("this pattern throws when it runs: {}", thrown.message),
        span: pattern.span,
        help: Some("correct the pattern; `Regex.Escape` gives one that matches a text literally".to_owned()),
    })
}
