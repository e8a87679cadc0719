//! Server-sent events as models write them: each `data:` line is one JSON text.

/// Longest line that is read; longer ones are passed over.
const LONGEST: usize = 1 << 20;

/// Cuts a stream of bytes into the data of its events, however the bytes are chunked.
#[derive(Debug, Default)]
pub(crate) struct Events {
    line: Vec<u8>,
    too_long: bool,
}

impl Events {
    /// Reads more bytes; `each` is given the data of every line that ended in them.
    pub(crate) fn push(&mut self, bytes: &[u8], each: &mut dyn FnMut(&[u8])) {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (head, tail) = rest.split_at(end);
            self.keep(head);
            self.end(each);
            rest = tail.get(1..).unwrap_or(&[]);
        }
        self.keep(rest);
    }

    /// The stream has ended: a last line needs no line break.
    pub(crate) fn finish(&mut self, each: &mut dyn FnMut(&[u8])) {
        self.end(each);
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.line.len() + bytes.len() > LONGEST {
            self.too_long = true;
            self.line.clear();
        } else if !self.too_long {
            self.line.extend_from_slice(bytes);
        }
    }

    fn end(&mut self, each: &mut dyn FnMut(&[u8])) {
        if !self.too_long
            && let Some(data) = self.line.strip_prefix(b"data:")
        {
            let data = data.trim_ascii();
            if !data.is_empty() && data != b"[DONE]" {
                each(data);
            }
        }
        self.line.clear();
        self.too_long = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(chunks: &[&str]) -> Vec<String> {
        let (mut events, mut all) = (Events::default(), Vec::new());
        for chunk in chunks {
            events.push(chunk.as_bytes(), &mut |data| all.push(String::from_utf8_lossy(data).into_owned()));
        }
        events.finish(&mut |data| all.push(String::from_utf8_lossy(data).into_owned()));
        all
    }

    #[test]
    fn data_is_found_however_the_bytes_are_cut() {
        let text = "event: x\r\ndata: {\"a\":1}\r\n\r\n: note\ndata:{\"b\":2}\n\ndata: [DONE]\n\ndata: last";
        let whole = read(&[text]);
        assert_eq!(whole, ["{\"a\":1}", "{\"b\":2}", "last"]);
        for cut in 1..text.len() {
            assert_eq!(read(&[&text[..cut], &text[cut..]]), whole);
        }
    }

    #[test]
    fn a_line_without_end_takes_bounded_memory() {
        let mut events = Events::default();
        for _ in 0..64 {
            events.push(&[b'x'; 65_536], &mut |_| {});
            assert!(events.line.len() <= LONGEST);
        }
        let mut seen = 0;
        events.push(b"\ndata: 1\n", &mut |_| seen += 1);
        assert_eq!(seen, 1);
    }
}
