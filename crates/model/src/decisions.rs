/// What a wrong key does where an open product holds the API (the documentation contradicts itself).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BadKeyOnOpenProduct {
    /// The key is ignored, the call is treated as one without a key.
    #[default]
    Ignored,
    /// 401.
    Refused,
}

/// What a key does on an API that requires none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyOnOpenApi {
    /// It is ignored altogether (documentation of 12/2025).
    #[default]
    Ignored,
    /// A valid key gives its subscription's context (documentation of 2023).
    Used,
}

/// Do calls that a limit refuses add to its window?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RejectedCalls {
    /// No: `Retry-After` counts down while the caller keeps trying.
    #[default]
    DoNotCount,
    /// Yes.
    Count,
}

/// Which .NET the expressions follow where the generations differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DotnetGeneration {
    /// .NET Core 3.0 and later.
    #[default]
    Modern,
    /// .NET Framework 4.x.
    Framework,
}

/// Behaviour that no public source settles: one named switch each, all in one place.
///
/// Defaults are what Azure most likely does; `[decisions]` in `apimite.toml` changes them.
#[derive(Clone, Debug)]
pub struct Decisions {
    /// Are paths matched without regard to case?
    pub paths_ignore_case: bool,
    /// Does a GET operation answer HEAD?
    pub get_serves_head: bool,
    /// Reason phrase of 401.
    pub unauthorized_reason: Box<str>,
    /// Reason phrase of 404.
    pub not_found_reason: Box<str>,
    /// Is the 403 of a disabled public access wrapped in the JSON form?
    pub public_access_json: bool,
    /// Default of `cors` `terminate-unmatched-request`.
    pub cors_terminates_unmatched: bool,
    /// Wrong key where an open product holds the API.
    pub bad_key_on_open_product: BadKeyOnOpenProduct,
    /// Any key where the API requires none.
    pub key_on_open_api: KeyOnOpenApi,
    /// Do refused calls count?
    pub rejected_calls: RejectedCalls,
    /// Which .NET expressions follow.
    pub dotnet: DotnetGeneration,
    /// Does `context.Variables["missing"]` give null (else `KeyNotFoundException`)?
    pub missing_variable_is_null: bool,
    /// Are types and members outside Azure's allow-list accepted in expressions?
    pub lenient_expressions: bool,
    /// May an array be the default in `GetValueOrDefault` of claims, headers and the query, as in .NET's own extension method,
    /// which is not in Azure's allow-list?
    pub array_defaults: bool,
    /// Is syntax newer than C# 7.3 accepted in expressions?
    pub newer_csharp: bool,
    /// Does `retry` catch an error raised inside it and test its condition?
    pub retry_catches_errors: bool,
    /// Does a `<base/>` in the global document pass without a refusal?
    pub base_in_global_allowed: bool,
    /// Does a section that a document leaves out inherit as if it held `<base/>` (else it is empty)?
    pub absent_section_inherits: bool,
    /// Is `X-Forwarded-Proto` sent to backends?
    pub send_forwarded_proto: bool,
}

impl Default for Decisions {
    fn default() -> Self {
        Self {
            paths_ignore_case: true,
            get_serves_head: false,
            unauthorized_reason: "Access Denied".into(),
            not_found_reason: "Resource Not Found".into(),
            public_access_json: true,
            cors_terminates_unmatched: true,
            bad_key_on_open_product: BadKeyOnOpenProduct::Ignored,
            key_on_open_api: KeyOnOpenApi::Ignored,
            rejected_calls: RejectedCalls::DoNotCount,
            dotnet: DotnetGeneration::Modern,
            missing_variable_is_null: true,
            lenient_expressions: false,
            array_defaults: false,
            newer_csharp: false,
            retry_catches_errors: true,
            base_in_global_allowed: false,
            absent_section_inherits: true,
            send_forwarded_proto: false,
        }
    }
}
