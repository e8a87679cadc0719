//! What the policies for language models have in common: prompts, tokens, and what an answer says it used.
//!
//! The shapes that are read: OpenAI chat completions, completions, embeddings and responses, and Anthropic messages; answers
//! as JSON or as server-sent events.

pub(crate) mod prompt;
pub(crate) mod report;
pub(crate) mod safety;
pub(crate) mod sse;
pub(crate) mod tokenizer;
pub(crate) mod usage;
pub(crate) mod vectors;
pub(crate) mod watch;

pub(crate) use prompt::Prompt;
pub(crate) use usage::Usage;
