//! What a request asks of a model.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use super::tokenizer::{Encoding, MOST};

/// Tokens of an image.
///
/// Source: token limit policy references: up to 1200 tokens for each image.
const IMAGE_TOKENS: u64 = 1200;
/// Tokens of an image of low detail.
const SMALL_IMAGE_TOKENS: u64 = 85;
/// Tokens around each message, and before the answer.
///
/// Source: OpenAI's page on counting tokens of chat completions.
const FRAME_TOKENS: u64 = 3;

/// Which shape of request is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PromptType {
    /// Whatever the body shows.
    Auto,
    /// `messages`, or `input` of the responses API.
    Chat,
    /// `prompt`.
    Completion,
    /// `input` of embeddings.
    Embeddings,
}

/// A request to a model.
#[derive(Debug)]
pub(crate) struct Prompt {
    json: Value,
    encoding: Encoding,
    tokens: OnceLock<u64>,
    /// Bytes of texts that may still be cut into tokens.
    left: AtomicUsize,
}

/// A message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// `system`, `user`, `assistant`, …
    pub(crate) role: String,
    /// All its text.
    pub(crate) text: String,
}

impl Message {
    /// Does it instruct the model rather than ask it?
    pub(crate) fn is_system(&self) -> bool {
        matches!(self.role.as_str(), "system" | "developer")
    }
}

impl Prompt {
    /// Reads a request body; `None` when it is no JSON object. The path names the deployment where the body names no model.
    pub(crate) fn read(body: &[u8], path: &str) -> Option<Self> {
        let json: Value = serde_json::from_slice(body).ok()?;
        json.as_object()?;
        let deployment = path.split_once("/deployments/").map_or("", |(_, rest)| rest.split('/').next().unwrap_or(""));
        let model = json.get("model").and_then(Value::as_str).unwrap_or(deployment);
        Some(Self { encoding: Encoding::of_model(model), json, tokens: OnceLock::new(), left: AtomicUsize::new(0) })
    }

    /// The vocabulary of its model.
    pub(crate) const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Is the answer asked for as a stream of events?
    pub(crate) fn is_stream(&self) -> bool {
        self.json.get("stream").and_then(Value::as_bool) == Some(true)
    }

    /// The messages of a conversation; what is no conversation is one message of a user. Empty when there is no prompt.
    pub(crate) fn messages(&self) -> Vec<Message> {
        let mut all = Vec::new();
        let mut push = |role: &str, content: &Value| {
            let mut text = String::new();
            texts(content, 0, &mut |part| {
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(part);
            });
            all.push(Message { role: role.to_owned(), text });
        };
        for key in ["system", "instructions"] {
            if let Some(content) = self.json.get(key) {
                push("system", content);
            }
        }
        let list = self.json.get("messages").or_else(|| self.json.get("input")).and_then(Value::as_array);
        match list {
            Some(list) if list.iter().any(Value::is_object) => {
                for message in list {
                    let role = message.get("role").and_then(Value::as_str).unwrap_or("user");
                    push(role, message.get("content").unwrap_or(message));
                }
            }
            _ => {
                if let Some(content) = self.json.get("prompt").or_else(|| self.json.get("input")) {
                    push("user", content);
                }
            }
        }
        all
    }

    /// How many tokens the model will see, by the rules of its maker as far as they are published.
    pub(crate) fn tokens(&self, kind: PromptType) -> u64 {
        if kind == PromptType::Auto {
            return *self.tokens.get_or_init(|| self.estimate(kind));
        }
        self.estimate(kind)
    }

    /// Tokens of one of its texts; all of them share a budget.
    fn count(&self, text: &str) -> u64 {
        let left = self.left.load(Ordering::Relaxed);
        self.left.store(left.saturating_sub(text.len()), Ordering::Relaxed);
        self.encoding.count_within(text, left)
    }

    fn estimate(&self, kind: PromptType) -> u64 {
        self.left.store(MOST, Ordering::Relaxed);
        let is = |one: PromptType| kind == PromptType::Auto || kind == one;
        let get = |key: &str| self.json.get(key).filter(|value| !value.is_null());
        if let Some(messages) = get("messages").filter(|_| is(PromptType::Chat)) {
            return self.conversation(messages, get("system"));
        }
        if let Some(prompt) = get("prompt").filter(|_| is(PromptType::Completion)) {
            return self.plain(prompt);
        }
        match get("input") {
            Some(Value::Array(items)) if is(PromptType::Chat) && items.iter().any(Value::is_object) => {
                self.conversation(&Value::Array(items.clone()), get("instructions"))
            }
            Some(input) if is(PromptType::Embeddings) || is(PromptType::Chat) => {
                self.plain(input) + get("instructions").map_or(0, |text| self.plain(text))
            }
            _ => 0,
        }
    }

    fn conversation(&self, messages: &Value, system: Option<&Value>) -> u64 {
        let mut tokens = FRAME_TOKENS;
        if let Some(system) = system {
            tokens += FRAME_TOKENS + self.content(system);
        }
        for message in messages.as_array().into_iter().flatten() {
            tokens += FRAME_TOKENS;
            for (key, value) in message.as_object().into_iter().flatten() {
                tokens += match key.as_str() {
                    "content" => self.content(value),
                    "name" => 1 + self.plain(value),
                    "role" => self.plain(value),
                    _ if value.is_null() => 0,
                    _ => self.count(&value.to_string()),
                };
            }
        }
        for key in ["tools", "functions"] {
            if let Some(tools) = self.json.get(key).filter(|value| !value.is_null()) {
                tokens += self.count(&tools.to_string());
            }
        }
        tokens
    }

    /// Texts, or texts and token lists.
    fn plain(&self, value: &Value) -> u64 {
        match value {
            Value::String(text) => self.count(text),
            Value::Number(_) => 1,
            Value::Array(items) => items.iter().map(|item| self.plain(item)).sum(),
            _ => 0,
        }
    }

    /// Content of a message: text, or parts of several kinds.
    fn content(&self, value: &Value) -> u64 {
        let parts = match value {
            Value::Array(parts) => parts,
            other => return self.plain(other),
        };
        let mut tokens = 0;
        for part in parts {
            let kind = part.get("type").and_then(Value::as_str).unwrap_or("");
            if kind.contains("image") {
                let detail = part.pointer("/image_url/detail").or_else(|| part.get("detail")).and_then(Value::as_str);
                tokens += if detail == Some("low") { SMALL_IMAGE_TOKENS } else { IMAGE_TOKENS };
            } else {
                texts(part, 0, &mut |text| tokens += self.count(text));
            }
        }
        tokens
    }
}

/// Every text of a content: itself, or the `text` and `content` of its parts.
fn texts(value: &Value, depth: u8, each: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => each(text),
        Value::Array(parts) if depth < 8 => parts.iter().for_each(|part| texts(part, depth + 1, each)),
        Value::Object(part) if depth < 8 => {
            for key in ["text", "content", "input_text", "output_text"] {
                if let Some(inner) = part.get(key) {
                    texts(inner, depth + 1, each);
                }
            }
        }
        _ => {}
    }
}

/// All text of an answer: of its choices, its output items, or its content blocks.
pub(crate) fn answer_text(json: &Value) -> String {
    let mut all = String::new();
    let mut push = |text: &str| {
        if !all.is_empty() {
            all.push('\n');
        }
        all.push_str(text);
    };
    for choice in json.get("choices").and_then(Value::as_array).into_iter().flatten() {
        for place in ["/message/content", "/text"] {
            if let Some(content) = choice.pointer(place) {
                texts(content, 0, &mut push);
            }
        }
    }
    for key in ["output", "content"] {
        if let Some(content) = json.get(key) {
            texts(content, 0, &mut push);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(body: &str) -> Prompt {
        Prompt::read(body.as_bytes(), "/openai/deployments/gpt-35-turbo/chat/completions").unwrap()
    }

    #[test]
    fn a_conversation_costs_its_texts_and_its_frames() {
        let one = prompt(r#"{"messages":[{"role":"user","content":"hello world"}]}"#);
        assert_eq!(one.tokens(PromptType::Auto), 3 + 3 + 1 + 2);
        let parts = prompt(
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"hello world"},
                {"type":"image_url","image_url":{"url":"data:","detail":"low"}},{"type":"image_url","image_url":{}}]}]}"#,
        );
        assert_eq!(parts.tokens(PromptType::Auto), 9 + 85 + 1200);
    }

    #[test]
    fn prompts_inputs_and_token_lists_are_counted() {
        assert_eq!(prompt(r#"{"prompt":["hello world","hello"]}"#).tokens(PromptType::Auto), 3);
        assert_eq!(prompt(r#"{"input":"hello world"}"#).tokens(PromptType::Embeddings), 2);
        assert_eq!(prompt(r#"{"input":[1,2,3]}"#).tokens(PromptType::Auto), 3);
        assert_eq!(prompt(r#"{"input":"hello world"}"#).tokens(PromptType::Completion), 0);
        assert_eq!(prompt(r#"{"other":1}"#).tokens(PromptType::Auto), 0);
    }

    #[test]
    fn a_prompt_of_many_huge_texts_is_counted_in_bounded_work_and_always_the_same() {
        let texts = vec![format!("\"{}\"", "a".repeat(100_000)); 40].join(",");
        let huge = prompt(&format!("{{\"input\":[{texts}]}}"));
        let tokens = huge.tokens(PromptType::Embeddings);
        assert_eq!(huge.tokens(PromptType::Embeddings), tokens);
        assert!((900_000..1_000_001).contains(&tokens), "{tokens}");
    }

    #[test]
    fn messages_of_every_api_are_read() {
        let anthropic =
            prompt(r#"{"system":[{"type":"text","text":"be kind"}],"messages":[{"role":"user","content":"hi"}]}"#);
        let told = anthropic.messages();
        assert_eq!((told.len(), told[0].is_system(), told[0].text.as_str()), (2, true, "be kind"));
        assert_eq!(
            prompt(r#"{"input":[{"role":"user","content":[{"type":"input_text","text":"hi"}]}]}"#).messages()[0].text,
            "hi"
        );
        assert_eq!(prompt(r#"{"prompt":"hi"}"#).messages()[0].text, "hi");
        assert!(prompt("{}").messages().is_empty());
    }

    #[test]
    fn what_is_no_object_is_no_prompt() {
        assert!(Prompt::read(b"[1]", "/").is_none());
        assert!(Prompt::read(b"{", "/").is_none());
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(Prompt::read(deep.as_bytes(), "/").is_none());
    }

    #[test]
    fn the_text_of_an_answer_is_found_in_every_shape() {
        let text = |json: &str| answer_text(&serde_json::from_str(json).unwrap());
        assert_eq!(text(r#"{"choices":[{"message":{"content":"a"}},{"text":"b"}]}"#), "a\nb");
        assert_eq!(text(r#"{"output":[{"content":[{"type":"output_text","text":"a"}]}]}"#), "a");
        assert_eq!(text(r#"{"content":[{"type":"text","text":"a"}]}"#), "a");
    }
}
