//! A reader and writer of JSON, on text that it makes itself: bytes one at a time, numbers, escapes, nested vectors.
const USUAL_SIZE: u32 = 5_000;

enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn byte(&mut self) -> u8 {
        while self.text[self.at].is_ascii_whitespace() {
            self.at += 1;
        }
        self.text[self.at]
    }

    fn value(&mut self) -> Json {
        match self.byte() {
            b'n' => { self.at += 4; Json::Null }
            b't' => { self.at += 4; Json::Bool(true) }
            b'f' => { self.at += 5; Json::Bool(false) }
            b'"' => Json::Text(self.string()),
            b'[' => {
                let mut list = Vec::new();
                self.at += 1;
                while self.byte() != b']' {
                    list.push(self.value());
                    if self.byte() == b',' { self.at += 1 }
                }
                self.at += 1;
                Json::List(list)
            }
            b'{' => {
                let mut object = Vec::new();
                self.at += 1;
                while self.byte() != b'}' {
                    let name = self.string();
                    assert_eq!(self.byte(), b':');
                    self.at += 1;
                    object.push((name, self.value()));
                    if self.byte() == b',' { self.at += 1 }
                }
                self.at += 1;
                Json::Object(object)
            }
            _ => {
                let start = self.at;
                while matches!(self.text[self.at], b'-' | b'.' | b'0'..=b'9' | b'e') { self.at += 1 }
                let text = std::str::from_utf8(&self.text[start..self.at]).expect("digits");
                Json::Number(text.parse().expect("a number"))
            }
        }
    }

    fn string(&mut self) -> String {
        let mut string = String::new();
        assert_eq!(self.byte(), b'"');
        loop {
            self.at += 1;
            match self.text[self.at] {
                b'"' => { self.at += 1; return string }
                b'\\' => { self.at += 1; string.push(if self.text[self.at] == b'n' { '\n' } else { self.text[self.at] as char }) }
                byte => string.push(byte as char),
            }
        }
    }
}

impl Json {
    fn write(&self, out: &mut String) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Json::Number(value) => out.push_str(&value.to_string()),
            Json::Text(text) => write_text(text, out),
            Json::List(list) => {
                out.push('[');
                for (place, one) in list.iter().enumerate() {
                    if place > 0 { out.push(',') }
                    one.write(out);
                }
                out.push(']');
            }
            Json::Object(fields) => {
                out.push('{');
                for (place, (name, one)) in fields.iter().enumerate() {
                    if place > 0 { out.push_str(", ") }
                    write_text(name, out);
                    out.push(':');
                    one.write(out);
                }
                out.push('}');
            }
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '\n' => out.push_str("\\n"),
            '"' | '\\' => out.extend(['\\', letter]),
            _ => out.push(letter),
        }
    }
    out.push('"');
}

fn random_json(depth: u32, state: &mut u64) -> Json {
    let r = next_random(state);
    match r % 8 {
        0 => Json::Null,
        1 => Json::Bool(r >> 63 == 1),
        2 | 3 => Json::Number((r >> 40) as f64 / 64.0),
        4 => Json::Text(format!("line {:x}\n\"{}\"", r >> 44, r >> 58)),
        5 if depth > 0 => Json::List((0..r >> 61).map(|_| random_json(depth - 1, state)).collect()),
        _ if depth > 0 => Json::Object((0..r >> 61).map(|n| (format!("field{n}"), random_json(depth - 1, state))).collect()),
        _ => Json::Text("leaf".to_owned()),
    }
}

fn kernel(size: u32) -> u64 {
    let (mut sum, mut state) = (0, 23);
    let whole = Json::List((0..size).map(|_| random_json(4, &mut state)).collect());
    let mut text = String::new();
    whole.write(&mut text);
    for _ in 0..3 {
        let read = Reader { text: text.as_bytes(), at: 0 }.value();
        text.clear();
        read.write(&mut text);
        sum = text.bytes().step_by(13).fold(mix(sum, text.len() as u64), |sum, byte| mix(sum, byte.into()));
    }
    sum
}

include!("harness.inc");
