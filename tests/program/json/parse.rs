//! A strict parser for JSON as RFC 8259 has it; errors carry line and column (in characters, from 1).

use std::borrow::Cow;
use std::fmt;

use crate::document::Value;

/// Arrays and objects may be nested this deep, so that recursion stays within any stack.
pub const DEPTH_LIMIT: usize = 400;

#[derive(Debug)]
pub struct Error {
    line: usize,
    column: usize,
    problem: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.problem)
    }
}

type Result<T> = std::result::Result<T, Error>;

pub fn parse(input: &[u8]) -> Result<Value<'_>> {
    let text = match std::str::from_utf8(input) {
        Ok(text) => text,
        Err(error) => {
            let (valid, _) = input.split_at(error.valid_up_to());
            let text = std::str::from_utf8(valid).expect("this part was found valid");
            return Err(error_at(text, text.len(), "invalid UTF-8".into()));
        }
    };
    let mut parser = Parser { text, at: 0, depth: 0 };
    if text.starts_with('\u{feff}') {
        return parser.fail("a byte order mark is not allowed");
    }
    parser.skip_space();
    let value = parser.value()?;
    parser.skip_space();
    match parser.peek() {
        None => Ok(value),
        Some(_) => parser.unexpected("the end"),
    }
}

/// The error at a byte offset; only now are lines and columns counted.
fn error_at(text: &str, at: usize, problem: String) -> Error {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Error {
        line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        problem,
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn accept(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn fail<T>(&self, problem: impl Into<String>) -> Result<T> {
        Err(error_at(self.text, self.at, problem.into()))
    }

    fn unexpected<T>(&self, wanted: &str) -> Result<T> {
        match self.text[self.at..].chars().next() {
            None => self.fail(format!("expected {wanted}, found the end of the input")),
            Some(found) => self.fail(format!("expected {wanted}, found {found:?}")),
        }
    }

    fn value(&mut self) -> Result<Value<'a>> {
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b'-' | b'0'..=b'9') => Ok(Value::Number(self.number()?)),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => self.unexpected("a value"),
        }
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Result<Value<'a>> {
        let rest = &self.text.as_bytes()[self.at..];
        let continues = rest.get(word.len()).is_some_and(u8::is_ascii_alphanumeric);
        if !rest.starts_with(word.as_bytes()) || continues {
            return self.unexpected("a value");
        }
        self.at += word.len();
        Ok(value)
    }

    fn nested(&mut self, inside: fn(&mut Self) -> Result<Value<'a>>) -> Result<Value<'a>> {
        if self.depth == DEPTH_LIMIT {
            return self.fail(format!("nested deeper than {DEPTH_LIMIT} levels"));
        }
        self.depth += 1;
        self.at += 1;
        self.skip_space();
        let value = inside(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn array(&mut self) -> Result<Value<'a>> {
        let mut items = Vec::new();
        if self.accept(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value()?);
            self.skip_space();
            if self.accept(b']') {
                return Ok(Value::Array(items));
            }
            if !self.accept(b',') {
                return self.unexpected("',' or ']'");
            }
            self.skip_space();
        }
    }

    fn object(&mut self) -> Result<Value<'a>> {
        let mut members = Vec::new();
        if self.accept(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            if self.peek() != Some(b'"') {
                return self.unexpected("a name in double quotes");
            }
            let name = self.string()?;
            self.skip_space();
            if !self.accept(b':') {
                return self.unexpected("':'");
            }
            self.skip_space();
            members.push((name, self.value()?));
            self.skip_space();
            if self.accept(b'}') {
                return Ok(Value::Object(members));
            }
            if !self.accept(b',') {
                return self.unexpected("',' or '}'");
            }
            self.skip_space();
        }
    }

    fn digits(&mut self) -> Result<()> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return self.unexpected("a digit");
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<&'a str> {
        let start = self.at;
        self.accept(b'-');
        if self.accept(b'0') {
            if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                return self.fail("a number must not begin with 0");
            }
        } else {
            self.digits()?;
        }
        if self.accept(b'.') {
            self.digits()?;
        }
        if self.accept(b'e') || self.accept(b'E') {
            let _ = self.accept(b'+') || self.accept(b'-');
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    /// A string without escapes is borrowed from the input.
    fn string(&mut self) -> Result<Cow<'a, str>> {
        self.at += 1;
        let mut copy: Option<String> = None;
        let mut run = self.at;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let rest = &self.text[run..self.at];
                    self.at += 1;
                    return Ok(match copy {
                        None => Cow::Borrowed(rest),
                        Some(copy) => Cow::Owned(copy + rest),
                    });
                }
                Some(b'\\') => {
                    let copy = copy.get_or_insert_with(String::new);
                    copy.push_str(&self.text[run..self.at]);
                    copy.push(self.escape()?);
                    run = self.at;
                }
                Some(byte @ 0..0x20) => {
                    return self.fail(format!("control character U+{byte:04X} in a string must be escaped"));
                }
                Some(_) => self.at += 1,
                None => return self.unexpected("the end of the string"),
            }
        }
    }

    fn escape(&mut self) -> Result<char> {
        let start = self.at;
        self.at += 1;
        let escaped = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode_escape(start);
            }
            _ => return self.unexpected("one of \" \\ / b f n r t u after '\\'"),
        };
        self.at += 1;
        Ok(escaped)
    }

    /// The rest of `\uXXXX`, or of a surrogate pair `\uD83E\uDDA9`.
    fn unicode_escape(&mut self, start: usize) -> Result<char> {
        let first = self.hex4()?;
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        if first < 0xdc00 && self.text[self.at..].starts_with("\\u") {
            self.at += 2;
            let second = self.hex4()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).expect("a surrogate pair is always a character"));
            }
        }
        let problem = format!("surrogate \\u{first:04x} without its partner");
        Err(error_at(self.text, start, problem))
    }

    fn hex4(&mut self) -> Result<u32> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| (byte as char).to_digit(16));
            let Some(digit) = digit else { return self.unexpected("a hexadecimal digit") };
            code = code << 4 | digit;
            self.at += 1;
        }
        Ok(code)
    }
}
