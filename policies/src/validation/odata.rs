//! System query options of OData 4: reads them and says what is wrong.
//!
//! Source: OData 4.01, URL conventions.

/// Deepest nesting of parentheses and expand options.
const DEEPEST: usize = 32;

const OPTIONS: [&str; 16] = [
    "filter",
    "select",
    "expand",
    "orderby",
    "top",
    "skip",
    "count",
    "search",
    "format",
    "compute",
    "index",
    "schemaversion",
    "apply",
    "skiptoken",
    "deltatoken",
    "levels",
];

/// What the query names, to be looked up in the metadata.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    /// First segments of paths in `$select`, `$orderby` and `$filter`.
    pub(crate) properties: Vec<String>,
}

/// Reads the query options of a request, decoded.
///
/// # Errors
/// What is wrong, in a sentence.
pub(crate) fn check(pairs: &[(String, String)]) -> Result<Named, String> {
    let mut named = Named::default();
    let mut seen: Vec<String> = Vec::new();
    for (name, value) in pairs {
        let Some(option) = name.strip_prefix('$') else { continue };
        let option = option.to_ascii_lowercase();
        if !OPTIONS.contains(&option.as_str()) && option != "id" {
            return Err(format!("The query parameter '{name}' is not a system query option."));
        }
        if seen.contains(&option) {
            return Err(format!(
                "Query option '{name}' was specified more than once, but it must be specified at most once."
            ));
        }
        one(&option, value, &mut named, 0)?;
        seen.push(option);
    }
    Ok(named)
}

fn one(option: &str, value: &str, named: &mut Named, depth: usize) -> Result<(), String> {
    if depth > DEEPEST {
        return Err(format!("The query is nested deeper than {DEEPEST} levels."));
    }
    let wrong = || format!("Invalid value '{value}' for ${option} query option found.");
    match option {
        "top" | "skip" | "index" => value
            .trim()
            .parse::<u32>()
            .map(|_| ())
            .map_err(|_| format!("{} The ${option} query option requires a non-negative integer value.", wrong())),
        "levels" if value.trim() == "max" => Ok(()),
        "levels" => value.trim().parse::<u32>().map(|_| ()).map_err(|_| wrong()),
        "count" if ["true", "false"].contains(&value.trim()) => Ok(()),
        "count" => Err(format!("{} Valid values are 'true' and 'false'.", wrong())),
        "filter" => Filter::check(value, named),
        "orderby" => {
            for item in split(value, ',') {
                let item = item.trim();
                let item = item.strip_suffix(" desc").or_else(|| item.strip_suffix(" asc")).unwrap_or(item);
                Filter::check(item, named).map_err(|error| error.replace("$filter", "$orderby"))?;
            }
            Ok(())
        }
        "select" => {
            for item in split(value, ',') {
                let item = item.trim();
                if item == "*" {
                    continue;
                }
                let path = item.split('(').next().unwrap_or(item);
                if path.is_empty() || !path.split('/').all(is_name) {
                    return Err(format!("Term '{item}' is not valid in a $select or $expand expression."));
                }
                note(path, named);
            }
            Ok(())
        }
        "expand" => {
            for item in split(value, ',') {
                expand(item.trim(), named, depth)?;
            }
            Ok(())
        }
        _ if value.trim().is_empty() => Err(wrong()),
        _ => Ok(()),
    }
}

/// `Orders($filter=Total gt 5;$expand=Lines)`
fn expand(item: &str, named: &mut Named, depth: usize) -> Result<(), String> {
    let wrong = || format!("Term '{item}' is not valid in a $select or $expand expression.");
    let (path, inner) = match item.split_once('(') {
        Some((path, rest)) => (path, Some(rest.strip_suffix(')').ok_or_else(wrong)?)),
        None => (item, None),
    };
    let fine = path == "*"
        || (!path.is_empty() && path.split('/').all(|part| is_name(part) || part == "$ref" || part == "$count"));
    if !fine {
        return Err(wrong());
    }
    note(path, named);
    let Some(inner) = inner else { return Ok(()) };
    // Options inside belong to another type: their names are not looked up.
    let mut others = Named::default();
    for option in split(inner, ';') {
        let (name, value) = option.trim().split_once('=').ok_or_else(wrong)?;
        let name = name.trim().trim_start_matches('$').to_ascii_lowercase();
        if !OPTIONS.contains(&name.as_str()) {
            return Err(wrong());
        }
        one(&name, value, &mut others, depth + 1)?;
    }
    Ok(())
}

fn note(path: &str, named: &mut Named) {
    let first = path.split('/').next().unwrap_or(path);
    if !first.contains('.') && first != "*" && !first.starts_with('$') {
        named.properties.push(first.to_owned());
    }
}

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_' || c == '@')
        && chars.all(|c| c.is_alphanumeric() || c == '_' || c == '.')
}

/// Parts between separators that stand outside parentheses and quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut depth, mut quoted, mut start) = (Vec::new(), 0_usize, false, 0);
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            c if c == separator && !quoted && depth == 0 => {
                parts.push(text.get(start..at).unwrap_or_default());
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

/// A token of `$filter`.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Literal,
    Open,
    Close,
    Comma,
    Minus,
}

/// Reads a `$filter`: comparisons, arithmetic, functions, lambdas.
struct Filter<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
}

impl<'t> Filter<'t> {
    fn check(text: &'t str, named: &mut Named) -> Result<(), String> {
        let mut filter = Self { text, tokens: tokens(text)?, at: 0 };
        filter.expression(0, named)?;
        if filter.at < filter.tokens.len() {
            return Err(filter.wrong());
        }
        Ok(())
    }

    fn wrong(&self) -> String {
        format!("Syntax error in the $filter expression '{}' at token {}.", self.text, self.at + 1)
    }

    fn word(&self) -> Option<String> {
        match self.tokens.get(self.at) {
            Some(Token::Word(word)) => Some(word.to_ascii_lowercase()),
            _ => None,
        }
    }

    /// Operands with operators between them; precedence does not matter for what is valid.
    fn expression(&mut self, depth: usize, named: &mut Named) -> Result<(), String> {
        const BETWEEN: [&str; 16] =
            ["and", "or", "eq", "ne", "gt", "ge", "lt", "le", "has", "in", "add", "sub", "mul", "div", "divby", "mod"];
        self.operand(depth, named)?;
        while self.word().is_some_and(|word| BETWEEN.contains(&word.as_str())) {
            self.at += 1;
            self.operand(depth, named)?;
        }
        Ok(())
    }

    fn operand(&mut self, depth: usize, named: &mut Named) -> Result<(), String> {
        if depth > DEEPEST {
            return Err(format!("The query is nested deeper than {DEEPEST} levels."));
        }
        while self.word().as_deref() == Some("not") || self.tokens.get(self.at) == Some(&Token::Minus) {
            self.at += 1;
        }
        match self.tokens.get(self.at).cloned() {
            Some(Token::Literal) => {
                self.at += 1;
                Ok(())
            }
            Some(Token::Open) => {
                self.at += 1;
                self.list(depth, named)
            }
            Some(Token::Word(word)) => {
                self.at += 1;
                if self.tokens.get(self.at) != Some(&Token::Open) {
                    if !word.split('/').all(|part| is_name(part) || part == "$count" || part == "$it") {
                        return Err(self.wrong());
                    }
                    if !["true", "false", "null", "INF", "NaN"].contains(&word.as_str()) {
                        note(&word, named);
                    }
                    return Ok(());
                }
                self.at += 1;
                let is_lambda = word.ends_with("/any") || word.ends_with("/all");
                if is_lambda {
                    note(&word, named);
                    // `items/any(i: i/price gt 5)`: names inside belong to the items.
                    if self.word().is_some_and(|word| word.ends_with(':')) {
                        self.at += 1;
                    }
                    return self.list(depth, &mut Named::default());
                }
                if self.tokens.get(self.at) == Some(&Token::Close) {
                    self.at += 1;
                    return Ok(());
                }
                self.list(depth, named)
            }
            _ => Err(self.wrong()),
        }
    }

    /// Expressions with commas up to the closing parenthesis.
    fn list(&mut self, depth: usize, named: &mut Named) -> Result<(), String> {
        loop {
            self.expression(depth + 1, named)?;
            match self.tokens.get(self.at) {
                Some(Token::Comma) => self.at += 1,
                Some(Token::Close) => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.wrong()),
            }
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            c if c.is_whitespace() => {}
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            ',' => tokens.push(Token::Comma),
            '-' if !chars.peek().is_some_and(|(_, next)| next.is_ascii_digit()) => tokens.push(Token::Minus),
            '\'' => {
                let mut closed = false;
                while let Some((_, inner)) = chars.next() {
                    if inner == '\'' && chars.next_if(|(_, next)| *next == '\'').is_none() {
                        closed = true;
                        break;
                    }
                }
                if !closed {
                    return Err(format!("There is an unterminated literal at position {at} in '{text}'."));
                }
                tokens.push(Token::Literal);
            }
            c if c.is_ascii_digit() || c == '-' => {
                // Numbers, dates, times and GUIDs.
                while chars.next_if(|(_, next)| next.is_ascii_alphanumeric() || "-:.+".contains(*next)).is_some() {}
                tokens.push(Token::Literal);
            }
            c if c.is_alphabetic() || "_@$".contains(c) => {
                let mut word = String::from(c);
                while let Some((_, next)) = chars.next_if(|(_, next)| next.is_alphanumeric() || "_./$:".contains(*next))
                {
                    word.push(next);
                }
                // `duration'PT1H'`, `Namespace.Color'Red'`
                if chars.peek().is_some_and(|(_, next)| *next == '\'') {
                    continue;
                }
                // A GUID may begin with a letter.
                let is_guid = word.len() == 8 && word.chars().all(|c| c.is_ascii_hexdigit());
                if is_guid && chars.peek().is_some_and(|(_, next)| *next == '-') {
                    while chars.next_if(|(_, next)| next.is_ascii_hexdigit() || *next == '-').is_some() {}
                    tokens.push(Token::Literal);
                    continue;
                }
                tokens.push(Token::Word(word));
            }
            c => return Err(format!("Syntax error: character '{c}' is not valid at position {at} in '{text}'.")),
        }
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(name: &str, value: &str) -> Result<Named, String> {
        check(&[(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn valid_options_pass_and_name_properties() {
        let filter =
            "Name eq 'O''Neil' and (Price gt 5.5 or not contains(tolower(City),'x')) and items/any(i: i/n lt 3)";
        assert_eq!(query("$filter", filter).unwrap().properties, ["Name", "Price", "City", "items"]);
        for (name, value) in [
            ("$filter", "Id eq 3f2504e0-4f89-11d3-9a0c-0305e82c3301 and Id ne af2504e0-4f89-11d3-9a0c-0305e82c3301"),
            ("$filter", "Color has Sales.Color'Red' and At ge 2024-01-01T00:00:00Z and -Price lt -3"),
            ("$filter", "Name in ('a','b') and now() gt Changed"),
            ("$orderby", "Name desc,Address/City asc,length(Name)"),
            ("$select", "Name,Address/City,*"),
            ("$expand", "Orders($filter=Total gt 5;$expand=Lines($top=3);$levels=max),Boss/$ref"),
            ("$top", "0"),
            ("$count", "true"),
            ("custom", "any thing '("),
        ] {
            assert!(query(name, value).is_ok(), "{name}={value}: {:?}", query(name, value));
        }
    }

    #[test]
    fn mistakes_are_told() {
        for (name, value, part) in [
            ("$filter", "Name eq", "Syntax error"),
            ("$filter", "Name eq 'x", "unterminated"),
            ("$filter", "(a eq 1", "Syntax error"),
            ("$filter", "a eq 1 b", "Syntax error"),
            ("$filter", "a eq 1; drop", "not valid"),
            ("$top", "-1", "non-negative"),
            ("$skip", "many", "non-negative"),
            ("$count", "maybe", "'true' and 'false'"),
            ("$select", "a b", "not valid"),
            ("$expand", "Orders($top=x)", "non-negative"),
            ("$expand", "Orders(top", "not valid"),
            ("$what", "1", "not a system query option"),
        ] {
            let error = query(name, value).unwrap_err();
            assert!(error.contains(part), "{name}={value}: {error}");
        }
        let twice = [("$top".to_owned(), "1".to_owned()), ("$top".to_owned(), "2".to_owned())];
        assert!(check(&twice).unwrap_err().contains("more than once"));
    }

    #[test]
    fn nesting_is_bounded() {
        assert!(query("$filter", &"(".repeat(100_000)).is_err());
        assert!(query("$filter", &"not ".repeat(100_000)).is_err());
        let expand = format!("{}a{}", "a($expand=".repeat(500), ")".repeat(500));
        assert!(query("$expand", &expand).unwrap_err().contains("deeper"));
    }
}
