//! Primitives, text, dates, formatting: bindings of `apimite_dotnet`'s text area.

mod bits;
pub(crate) mod builder;
mod characters;
pub(crate) mod compare;
pub(crate) mod comparers;
mod convert;
mod culture;
mod dates;
pub(crate) mod decimal;
mod decimals;
mod edge;
pub(crate) mod enums;
pub(crate) mod format;
mod guids;
mod math;
mod numbers;
mod offsets;
mod random;
pub(crate) mod rows;
mod spans;
pub(crate) mod strings;
#[cfg(test)]
mod tests;
mod version;
mod zones;

use super::TypeDef;

/// Types of this area.
pub(crate) static TYPES: &[&TypeDef] = &[
    &bits::BIT_CONVERTER,
    &builder::STRING_BUILDER,
    &comparers::STRING_COMPARER,
    &convert::CONVERT,
    &culture::CULTURE_INFO,
    &culture::DATE_TIME_FORMAT_INFO,
    &culture::NUMBER_FORMAT_INFO,
    &culture::TEXT_INFO,
    &enums::BASE64_FORMATTING_OPTIONS,
    &enums::DATE_TIME_KIND,
    &enums::DATE_TIME_STYLES,
    &enums::DAY_OF_WEEK,
    &enums::MIDPOINT_ROUNDING,
    &enums::NORMALIZATION_FORM,
    &enums::NUMBER_STYLES,
    &enums::STRING_COMPARISON,
    &enums::STRING_SPLIT_OPTIONS,
    &enums::TIME_SPAN_STYLES,
    &enums::TYPE_CODE,
    &enums::UNICODE_CATEGORY,
    &math::MATH,
    &random::RANDOM,
    &version::VERSION,
    &zones::ADJUSTMENT_RULE,
    &zones::TIME_ZONE,
    &zones::TIME_ZONE_INFO,
    &zones::TRANSITION_TIME,
];
