//! Every policy: one file for one element. [`ALL`] is the list.
//!
//! A file holds, in this order: what the policy does and how it differs from Azure, its `DEF`, `compile`, the checked struct,
//! its run, its tests. Adding a policy is a file, a line here, and a page `spec/<element>.md`.

mod authentication_basic;
mod authentication_certificate;
mod authentication_managed_identity;
mod authentication_token;
mod backend;
mod base;
mod block;
mod cache_responses;
mod cache_value;
mod cache_values;
mod check_header;
mod choose;
mod cors;
mod cosmosdb_data_source;
mod cross_domain;
mod dapr;
mod data_source;
mod dimensions;
mod emit_metric;
mod find_and_replace;
mod forward_request;
mod get_authorization_context;
mod graphql;
mod graphql_data_source;
mod http_data_source;
mod include_fragment;
mod invoke_request;
mod ip_filter;
mod json_to_xml;
mod jsonp;
mod jwt;
mod limit;
mod limit_concurrency;
mod liquid;
mod llm;
mod llm_content_safety;
mod llm_emit_token_metric;
mod llm_semantic_cache;
mod llm_token_limit;
mod log_to_eventhub;
mod message;
mod messaging;
mod mock_response;
mod proxy;
mod publish_event;
mod quota;
mod quota_by_key;
mod rate_limit;
mod rate_limit_by_key;
mod redirect_content_urls;
mod retry;
mod return_response;
mod rewrite_uri;
mod sample;
mod send_request;
mod send_service_bus_message;
mod set_backend_service;
mod set_body;
mod set_header;
mod set_method;
mod set_query_parameter;
mod set_request_metric_dimension_value;
mod set_status;
mod set_url;
mod set_variable;
mod sql_data_source;
pub mod token_issuer;
mod trace;
mod validate_azure_ad_token;
mod validate_client_certificate;
mod validate_content;
mod validate_graphql_request;
mod validate_headers;
mod validate_jwt;
mod validate_odata_request;
mod validate_parameters;
mod validate_status_code;
mod validation;
mod wait;
mod xml_to_json;
mod xsl_transform;

use apimite_policy::def::{PolicyDef, Registry};

/// Every policy element, by name.
pub static ALL: &[&PolicyDef] = &[
    &authentication_basic::DEF,
    &authentication_certificate::DEF,
    &authentication_managed_identity::DEF,
    &authentication_token::DEF,
    &authentication_token::STORE,
    &llm_emit_token_metric::AZURE_OPENAI,
    &llm_semantic_cache::AZURE_OPENAI_LOOKUP,
    &llm_semantic_cache::AZURE_OPENAI_STORE,
    &llm_token_limit::AZURE_OPENAI,
    &base::DEF,
    &block::DEF,
    &cache_responses::LOOKUP,
    &cache_value::DEF,
    &cache_values::LOOKUP,
    &cache_values::REMOVE,
    &cache_responses::STORE,
    &cache_values::STORE,
    &check_header::DEF,
    &choose::DEF,
    &cors::DEF,
    &cosmosdb_data_source::DEF,
    &cross_domain::DEF,
    &emit_metric::DEF,
    &find_and_replace::DEF,
    &forward_request::DEF,
    &get_authorization_context::DEF,
    &graphql_data_source::DEF,
    &http_data_source::DEF,
    &include_fragment::DEF,
    &invoke_request::DEF,
    &ip_filter::DEF,
    &json_to_xml::DEF,
    &jsonp::DEF,
    &limit_concurrency::DEF,
    &llm_content_safety::DEF,
    &llm_emit_token_metric::LLM,
    &llm_semantic_cache::LLM_LOOKUP,
    &llm_semantic_cache::LLM_STORE,
    &llm_token_limit::LLM,
    &log_to_eventhub::DEF,
    &mock_response::DEF,
    &proxy::DEF,
    &publish_event::DEF,
    &quota::DEF,
    &quota_by_key::DEF,
    &rate_limit::DEF,
    &rate_limit_by_key::DEF,
    &redirect_content_urls::DEF,
    &retry::DEF,
    &return_response::DEF,
    &rewrite_uri::DEF,
    &send_request::ONE_WAY,
    &send_request::DEF,
    &send_service_bus_message::DEF,
    &dapr::PUBLISH,
    &dapr::BINDING,
    &set_backend_service::DEF,
    &set_body::DEF,
    &set_header::DEF,
    &set_method::DEF,
    &set_query_parameter::DEF,
    &set_request_metric_dimension_value::DEF,
    &set_status::DEF,
    &set_url::DEF,
    &set_variable::DEF,
    &sql_data_source::DEF,
    &trace::DEF,
    &validate_azure_ad_token::DEF,
    &validate_client_certificate::DEF,
    &validate_content::DEF,
    &validate_graphql_request::DEF,
    &validate_headers::DEF,
    &validate_jwt::DEF,
    &validate_odata_request::DEF,
    &validate_parameters::DEF,
    &validate_status_code::DEF,
    &wait::DEF,
    &xml_to_json::DEF,
    &xsl_transform::DEF,
];

/// The registry of every policy.
pub const fn registry() -> Registry {
    Registry(ALL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_element_is_listed_twice() {
        let mut names: Vec<&str> = ALL.iter().map(|def| def.name).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
