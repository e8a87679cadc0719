//! Reads a Markdown page into cases.

/// A page of cases.
#[derive(Clone, Debug)]
pub struct Page {
    /// File name.
    pub name: String,
    /// Cases in order.
    pub cases: Vec<Case>,
}

/// One heading with its blocks.
#[derive(Clone, Debug)]
pub struct Case {
    /// The heading.
    pub title: String,
    /// Blocks in order.
    pub blocks: Vec<Block>,
}

/// One fenced block.
#[derive(Clone, Debug)]
pub struct Block {
    /// First word behind the fence.
    pub kind: String,
    /// Other words behind the fence.
    pub words: Vec<String>,
    /// What stands inside.
    pub text: String,
    /// Line of the fence in the page, from 1.
    pub line: usize,
}

impl Block {
    /// The value of a word `key=value`.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.words.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
    }

    /// Does this word stand behind the fence?
    pub fn has(&self, word: &str) -> bool {
        self.words.iter().any(|one| one == word)
    }
}

impl Page {
    /// Reads a page; blocks of other languages (and prose) are left out. Cases without blocks are left out too.
    pub fn read(name: &str, text: &str) -> Self {
        const KINDS: &[&str] = &[
            "policy",
            "fragment",
            "named-values",
            "tier",
            "connection",
            "certificate",
            "revocations",
            "entity",
            "response",
            "file",
            "backend",
            "http",
            "answer",
            "forwarded",
            "delivered",
            "last-error",
            "refused",
        ];
        let mut cases: Vec<Case> = Vec::new();
        let mut open: Option<Block> = None;
        for (index, line) in text.lines().enumerate() {
            match &mut open {
                Some(block) if line.trim_end() == "```" => {
                    let block = Block { text: block.text.trim_end_matches('\n').to_owned(), ..block.clone() };
                    open = None;
                    if KINDS.contains(&block.kind.as_str())
                        && let Some(case) = cases.last_mut()
                    {
                        case.blocks.push(block);
                    }
                }
                Some(block) => {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                None => {
                    if let Some(info) = line.strip_prefix("```") {
                        let mut words = info.split_whitespace().map(str::to_owned);
                        let kind = words.next().unwrap_or_default();
                        open = Some(Block { kind, words: words.collect(), text: String::new(), line: index + 1 });
                    } else if line.starts_with('#') {
                        let title = line.trim_start_matches('#').trim().to_owned();
                        cases.push(Case { title, blocks: Vec::new() });
                    }
                }
            }
        }
        cases.retain(|case| !case.blocks.is_empty());
        Self { name: name.to_owned(), cases }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_begin_cases_and_other_fences_are_prose() {
        let page = Page::read("p.md", "# A\n```rust\nx\n```\n## B\n```http after=5s\nGET /\n```\n");
        assert_eq!(page.cases.len(), 1);
        let block = &page.cases[0].blocks[0];
        assert_eq!(
            (page.cases[0].title.as_str(), block.value("after"), block.text.as_str()),
            ("B", Some("5s"), "GET /")
        );
    }
}
