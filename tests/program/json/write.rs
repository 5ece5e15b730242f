//! A document as text again: compact or indented, in the order of the source or sorted by name.

use std::fmt::Write;

use crate::document::Value;

pub struct Style {
    /// Columns per level; `None` puts everything on one line.
    pub indent: Option<usize>,
    /// By code points; members of equal names keep their order.
    pub sort: bool,
    /// Escapes everything outside ASCII.
    pub ascii: bool,
}

pub fn to_text(document: &Value, style: &Style) -> String {
    let mut writer = Writer { style, text: String::new(), depth: 0 };
    writer.value(document);
    writer.text
}

struct Writer<'s> {
    style: &'s Style,
    text: String,
    depth: usize,
}

impl Writer<'_> {
    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.text.push_str("null"),
            Value::Bool(true) => self.text.push_str("true"),
            Value::Bool(false) => self.text.push_str("false"),
            Value::Number(digits) => self.text.push_str(digits),
            Value::String(string) => self.string(string),
            Value::Array(items) => self.list('[', items.iter(), ']', |writer, item| writer.value(item)),
            Value::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                if self.style.sort {
                    members.sort_by(|(a, _), (b, _)| a.cmp(b));
                }
                self.list('{', members.into_iter(), '}', |writer, (name, value)| {
                    writer.string(name);
                    writer.text.push_str(if writer.style.indent.is_some() { ": " } else { ":" });
                    writer.value(value);
                });
            }
        }
    }

    fn list<T>(&mut self, open: char, items: impl ExactSizeIterator<Item = T>, close: char, each: impl Fn(&mut Self, T)) {
        let empty = items.len() == 0;
        self.text.push(open);
        self.depth += 1;
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            self.new_line();
            each(self, item);
        }
        self.depth -= 1;
        if !empty {
            self.new_line();
        }
        self.text.push(close);
    }

    fn new_line(&mut self) {
        if let Some(indent) = self.style.indent {
            self.text.push('\n');
            self.text.extend(std::iter::repeat_n(' ', indent * self.depth));
        }
    }

    fn string(&mut self, string: &str) {
        self.text.push('"');
        for character in string.chars() {
            match character {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                '\u{8}' => self.text.push_str("\\b"),
                '\u{c}' => self.text.push_str("\\f"),
                '\0'..' ' => self.escape(character),
                '\u{7f}'.. if self.style.ascii => self.escape(character),
                _ => self.text.push(character),
            }
        }
        self.text.push('"');
    }

    fn escape(&mut self, character: char) {
        for unit in character.encode_utf16(&mut [0; 2]) {
            write!(self.text, "\\u{unit:04x}").expect("writing to a string cannot fail");
        }
    }
}
