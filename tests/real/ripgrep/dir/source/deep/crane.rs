struct Crane { name: String }
impl Crane { fn fly(&self, a: u32, b: u32) {} }
