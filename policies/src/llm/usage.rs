//! What an answer says it used, and an estimate where it says nothing.

use serde_json::Value;

use super::prompt::answer_text;
use super::sse::Events;
use super::tokenizer::Encoding;

/// Numbers above this are taken for it: no answer uses more, and sums stay small.
const MOST: u64 = 1 << 40;
/// Text of a stream that is kept until it is counted, in bytes.
const KEPT: usize = 16 * 1024;

/// Tokens of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Of the prompt.
    pub(crate) prompt: u64,
    /// Of the answer.
    pub(crate) completion: u64,
    /// Both, or what the answer calls the total.
    pub(crate) total: u64,
    /// Of the prompt, found in the model's cache.
    pub(crate) cached: Option<u64>,
    /// Of the answer, spent on thinking.
    pub(crate) reasoning: Option<u64>,
}

impl Usage {
    /// What the answer used and did not say.
    pub(crate) const fn estimated(prompt: u64, completion: u64) -> Self {
        Self { prompt, completion, total: prompt + completion, cached: None, reasoning: None }
    }

    /// The usage of an answer, wherever its shape has it.
    pub(crate) fn of_answer(json: &Value) -> Option<Self> {
        ["/usage", "/response/usage", "/message/usage"].iter().find_map(|place| Self::read(json.pointer(place)?))
    }

    fn read(usage: &Value) -> Option<Self> {
        let number = |places: &[&str]| {
            let found = places.iter().find_map(|place| usage.pointer(place)?.as_u64());
            found.map(|number| number.min(MOST))
        };
        let prompt = number(&["/prompt_tokens", "/input_tokens"]);
        let completion = number(&["/completion_tokens", "/output_tokens"]);
        let total = number(&["/total_tokens"]);
        prompt.or(completion).or(total)?;
        let (prompt, completion) = (prompt.unwrap_or(0), completion.unwrap_or(0));
        Some(Self {
            prompt,
            completion,
            total: total.unwrap_or(prompt + completion),
            cached: number(&[
                "/prompt_tokens_details/cached_tokens",
                "/input_tokens_details/cached_tokens",
                "/cache_read_input_tokens",
            ]),
            reasoning: number(&[
                "/completion_tokens_details/reasoning_tokens",
                "/output_tokens_details/reasoning_tokens",
            ]),
        })
    }

    /// Later reports of one stream complete earlier ones: Anthropic tells the prompt first and the completion last.
    fn merge(self, other: Self) -> Self {
        let (prompt, completion) = (self.prompt.max(other.prompt), self.completion.max(other.completion));
        Self {
            prompt,
            completion,
            total: self.total.max(other.total).max(prompt + completion),
            cached: self.cached.max(other.cached),
            reasoning: self.reasoning.max(other.reasoning),
        }
    }

    /// The usage of a whole answer in JSON; where it has none, its text is counted.
    pub(crate) fn of_json(body: &[u8], prompt_tokens: impl FnOnce() -> u64, encoding: Encoding) -> Option<Self> {
        let json: Value = serde_json::from_slice(body).ok()?;
        if let Some(usage) = Self::of_answer(&json) {
            return Some(usage);
        }
        let text = answer_text(&json);
        (!text.is_empty()).then(|| Self::estimated(prompt_tokens(), encoding.count(&text)))
    }
}

/// Reads the usage of an answer that streams by.
#[derive(Debug)]
pub(crate) struct Stream {
    events: Events,
    encoding: Encoding,
    prompt_tokens: u64,
    told: Option<Usage>,
    text: String,
    counted: u64,
}

impl Stream {
    /// Of an answer to a prompt of so many tokens.
    pub(crate) fn new(encoding: Encoding, prompt_tokens: u64) -> Self {
        Self { events: Events::default(), encoding, prompt_tokens, told: None, text: String::new(), counted: 0 }
    }

    /// More of it has passed.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let mut events = std::mem::take(&mut self.events);
        events.push(bytes, &mut |data| self.event(data));
        self.events = events;
    }

    fn event(&mut self, data: &[u8]) {
        let Ok(json) = serde_json::from_slice::<Value>(data) else { return };
        if let Some(usage) = Usage::of_answer(&json) {
            self.told = Some(self.told.unwrap_or_default().merge(usage));
        }
        delta(&json, &mut |text| self.text.push_str(text));
        if self.text.len() > KEPT {
            self.count();
        }
    }

    fn count(&mut self) {
        self.counted += self.encoding.count(&self.text);
        self.text.clear();
    }

    /// What has been used so far: as told, else as counted; `None` when nothing of a model has passed.
    pub(crate) fn usage(&mut self) -> Option<Usage> {
        let mut events = std::mem::take(&mut self.events);
        events.finish(&mut |data| self.event(data));
        self.count();
        match self.told {
            Some(told) => Some(told),
            None if self.counted == 0 => None,
            None => Some(Usage::estimated(self.prompt_tokens, self.counted)),
        }
    }
}

/// The texts that an event adds to the answer.
pub(crate) fn delta(json: &Value, each: &mut dyn FnMut(&str)) {
    for choice in json.get("choices").and_then(Value::as_array).into_iter().flatten() {
        for place in ["/delta/content", "/delta/reasoning_content", "/text"] {
            choice.pointer(place).and_then(Value::as_str).into_iter().for_each(&mut *each);
        }
        for call in choice.pointer("/delta/tool_calls").and_then(Value::as_array).into_iter().flatten() {
            call.pointer("/function/arguments").and_then(Value::as_str).into_iter().for_each(&mut *each);
        }
    }
    match json.get("delta") {
        Some(Value::String(text)) => each(text),
        Some(delta) => {
            for key in ["text", "thinking", "partial_json"] {
                delta.get(key).and_then(Value::as_str).into_iter().for_each(&mut *each);
            }
        }
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(text: &str) -> Option<Usage> {
        let mut stream = Stream::new(Encoding::O200k, 7);
        stream.push(text.as_bytes());
        stream.usage()
    }

    #[test]
    fn the_usage_of_every_api_is_read() {
        let of = |json: &str| Usage::of_json(json.as_bytes(), || 5, Encoding::O200k);
        let chat = of(
            r#"{"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,"prompt_tokens_details":{"cached_tokens":2}}}"#,
        );
        assert_eq!(chat.map(|u| (u.prompt, u.completion, u.total, u.cached)), Some((3, 4, 7, Some(2))));
        let anthropic = of(r#"{"usage":{"input_tokens":3,"output_tokens":4}}"#);
        assert_eq!(anthropic.map(|u| u.total), Some(7));
        let none = of(r#"{"choices":[{"message":{"content":"hello world"}}]}"#);
        assert_eq!(none, Some(Usage::estimated(5, 2)));
        assert_eq!(of(r#"{"data":[]}"#), None);
        assert_eq!(of(r#"{"usage":{"total_tokens":-5}}"#), None);
        assert_eq!(of(r#"{"usage":{"total_tokens":18446744073709551615}}"#).map(|u| u.total), Some(MOST));
        assert_eq!(of("{"), None);
    }

    #[test]
    fn a_stream_tells_its_usage_or_is_counted() {
        let told = "data: {\"choices\":[{\"delta\":{\"content\":\"hello\"}}],\"usage\":null}\n\n\
                    data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":1,\"total_tokens\":10}}\n\ndata: [DONE]\n\n";
        assert_eq!(stream(told).map(|u| u.total), Some(10));
        let counted = "data: {\"choices\":[{\"delta\":{\"content\":\"hello\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\" world\"}}]}\n\n";
        assert_eq!(stream(counted), Some(Usage::estimated(7, 2)));
        let anthropic = "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":20,\"output_tokens\":1}}}\n\n\
                         data: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"hi\"}}\n\n\
                         data: {\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"output_tokens\":5}}\n\n";
        assert_eq!(stream(anthropic).map(|u| (u.prompt, u.completion, u.total)), Some((20, 5, 25)));
    }

    #[test]
    fn a_broken_stream_tells_what_was_readable() {
        let broken = "data: {\"choices\":[{\"delta\":{\"content\":\"hello\"}}]}\ndata: {\"choices\":[{\"del\n\n:\n\ndata\nevent: x\n";
        assert_eq!(stream(broken), Some(Usage::estimated(7, 1)));
        assert_eq!(stream("data: \u{0}\u{1}\n"), None);
    }
}
