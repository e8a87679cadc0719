use apimite_model::{BadKeyOnOpenProduct, Decisions, DotnetGeneration, KeyOnOpenApi, RejectedCalls};

use super::read::UNKNOWN;
use crate::problems::Sheet;
use crate::tree::table::Table;

/// Reads `[decisions]`; what is not written keeps its default.
pub(super) fn read(mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> Decisions {
    let mut decisions = Decisions::default();
    let mut flag = |key: &'static str, target: &mut bool| {
        if let Some(value) = table.flag(sheet, key) {
            *target = value;
        }
    };
    flag("paths_ignore_case", &mut decisions.paths_ignore_case);
    flag("get_serves_head", &mut decisions.get_serves_head);
    flag("public_access_json", &mut decisions.public_access_json);
    flag("cors_terminates_unmatched", &mut decisions.cors_terminates_unmatched);
    flag("missing_variable_is_null", &mut decisions.missing_variable_is_null);
    flag("lenient_expressions", &mut decisions.lenient_expressions);
    flag("array_defaults", &mut decisions.array_defaults);
    flag("newer_csharp", &mut decisions.newer_csharp);
    flag("retry_catches_errors", &mut decisions.retry_catches_errors);
    flag("base_in_global_allowed", &mut decisions.base_in_global_allowed);
    flag("absent_section_inherits", &mut decisions.absent_section_inherits);
    flag("send_forwarded_proto", &mut decisions.send_forwarded_proto);
    if let Some(reason) = table.text(sheet, "unauthorized_reason") {
        decisions.unauthorized_reason = reason.into();
    }
    if let Some(reason) = table.text(sheet, "not_found_reason") {
        decisions.not_found_reason = reason.into();
    }
    let words = [("ignored", BadKeyOnOpenProduct::Ignored), ("refused", BadKeyOnOpenProduct::Refused)];
    if let Some(word) = table.word(sheet, "bad_key_on_open_product", &words) {
        decisions.bad_key_on_open_product = word;
    }
    let words = [("ignored", KeyOnOpenApi::Ignored), ("used", KeyOnOpenApi::Used)];
    if let Some(word) = table.word(sheet, "key_on_open_api", &words) {
        decisions.key_on_open_api = word;
    }
    let words = [("do-not-count", RejectedCalls::DoNotCount), ("count", RejectedCalls::Count)];
    if let Some(word) = table.word(sheet, "rejected_calls", &words) {
        decisions.rejected_calls = word;
    }
    let words = [("modern", DotnetGeneration::Modern), ("framework", DotnetGeneration::Framework)];
    if let Some(word) = table.word(sheet, "dotnet", &words) {
        decisions.dotnet = word;
    }
    table.close(sheet, UNKNOWN);
    decisions
}
