//! Counts tokens as the models do, with the vocabularies of OpenAI; they are unpacked when the first text is counted.

use tiktoken::CoreBpe;

/// Most bytes of a text, or of all texts of a prompt, that are cut into tokens; the rest is taken as four bytes a token. The
/// worst text, one letter again and again, takes 0.1 ms for each KB.
pub(crate) const MOST: usize = 256 << 10;

/// A vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// gpt-4o and everything after it; also what stands in for models of other makers.
    O200k,
    /// gpt-3.5, gpt-4 and the embedding models.
    Cl100k,
}

impl Encoding {
    /// The vocabulary of a model, or of a deployment that is named after one.
    pub(crate) fn of_model(model: &str) -> Self {
        let model = model.to_ascii_lowercase();
        let old = ["gpt-3.5", "gpt-35", "gpt-4", "embedding", "davinci", "babbage", "ada-002"];
        let new = ["gpt-4o", "gpt-4.1", "gpt-41", "gpt-4.5", "gpt-45"];
        let has = |names: &[&str]| names.iter().any(|name| model.contains(name));
        if has(&old) && !has(&new) { Self::Cl100k } else { Self::O200k }
    }

    fn vocabulary(self) -> Option<&'static CoreBpe> {
        tiktoken::get_encoding(match self {
            Self::O200k => "o200k_base",
            Self::Cl100k => "cl100k_base",
        })
    }

    /// How many tokens a text has.
    pub(crate) fn count(self, text: &str) -> u64 {
        self.count_within(text, MOST)
    }

    /// How many tokens a text has; at most so many bytes of it are looked at.
    pub(crate) fn count_within(self, text: &str, most: usize) -> u64 {
        if text.is_empty() {
            return 0;
        }
        let mut end = text.len().min(most);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let (counted, rest) = text.split_at(end);
        let tokens = match self.vocabulary() {
            Some(vocabulary) => vocabulary.count(counted) as u64,
            None => (counted.len() as u64).div_ceil(4),
        };
        tokens + (rest.len() as u64).div_ceil(4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_the_tokens_that_the_models_see() {
        assert_eq!(Encoding::O200k.count("hello world"), 2);
        assert_eq!(Encoding::Cl100k.count("tiktoken is great!"), 6);
        assert_eq!(Encoding::Cl100k.count("antidisestablishmentarianism"), 6);
        assert_eq!(Encoding::O200k.count(""), 0);
    }

    #[test]
    fn a_model_or_a_deployment_named_after_one_has_its_vocabulary() {
        assert_eq!(Encoding::of_model("gpt-4o-mini"), Encoding::O200k);
        assert_eq!(Encoding::of_model("GPT-4"), Encoding::Cl100k);
        assert_eq!(Encoding::of_model("my-gpt-35-turbo"), Encoding::Cl100k);
        assert_eq!(Encoding::of_model("text-embedding-3-small"), Encoding::Cl100k);
        assert_eq!(Encoding::of_model("claude-sonnet"), Encoding::O200k);
    }

    #[test]
    fn a_huge_text_is_counted_in_bounded_work() {
        let text = "a".repeat(4 * MOST);
        let tokens = Encoding::O200k.count(&text);
        assert!(tokens > 3 * (MOST as u64) / 4, "{tokens}");
        assert_eq!(Encoding::O200k.count_within(&text, 0), MOST as u64);
    }
}
