//! A program in V8: a node of its own, which a script makes answer requests.
//!
//! `gc` and `kernels` start one for each program and ask it in turn with the engines of this process. What a request is and what its answer, the
//! scripts say: `gc/run.mjs` for programs in GC instructions, `kernel/run.mjs` for those of WASI.

use crate::clock::Span;
use crate::{Calls, Error, Objects};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// A running node with an instance; dropping it ends it.
pub struct Node {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    version: String,
}

impl Node {
    /// Starts this node, with flags of its own, with a script of this folder and the module in this file.
    ///
    /// # Errors
    ///
    /// When there is no such command, and when it cannot instantiate the module; why, it writes to standard error itself.
    pub fn start(node: &Path, flags: &[&str], script: &str, module: &Path) -> Result<Node, Error> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
        let mut child = Command::new(node)
            .args(flags)
            .args([&script, module])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", node.display()))?;
        let requests = child.stdin.take().ok_or("node without an input")?;
        let answers = BufReader::new(child.stdout.take().ok_or("node without an output")?);
        let mut node = Node { child, requests, answers, version: String::new() };
        let started = node.answer()?;
        let part = |name: &str| started[name].as_str().unwrap_or("unknown").to_owned();
        node.version = format!("{}, V8 {}", part("node"), part("v8"));
        Ok(node)
    }

    /// node's version and V8's.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Runs the program of `kernel/run.mjs` once: what it wrote, and the CPU time of the thread.
    ///
    /// # Errors
    ///
    /// When the program ends in anything but a return.
    pub fn run_program(&mut self) -> Result<(String, Duration), Error> {
        let answer = self.ask("run")?;
        let stdout = answer["stdout"].as_str().ok_or("node says no output")?.to_owned();
        Ok((stdout, time(&answer, "thread")?))
    }

    fn ask(&mut self, request: &str) -> Result<Value, Error> {
        writeln!(self.requests, "{request}")?;
        self.requests.flush()?;
        self.answer()
    }

    fn answer(&mut self) -> Result<Value, Error> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err("node has ended".into());
        }
        let answer: Value = serde_json::from_str(&line)?;
        match answer["error"].as_str() {
            Some(error) => Err(error.into()),
            None => Ok(answer),
        }
    }
}

impl Objects for Node {
    fn call(&mut self, export: &str, argument: i32) -> Result<(i64, Span), Error> {
        let answer = self.ask(&format!("call {export} {argument}"))?;
        let result = answer["result"].as_str().ok_or("node says no result")?.parse()?;
        Ok((result, span(&answer)?))
    }

    /// All by one request, so that nothing stands between the calls.
    fn calls(&mut self, export: &str, argument: i32, times: u32, limit: Duration) -> Result<Calls, Error> {
        let answer = self.ask(&format!("calls {export} {argument} {times} {}", limit.as_micros()))?;
        let count = answer["count"].as_u64().ok_or("node says no count")?;
        Ok(Calls { count: u32::try_from(count)?, longest: span(&answer["longest"])?, total: span(&answer["total"])? })
    }

    fn collect(&mut self) -> Result<Span, Error> {
        span(&self.ask("collect")?)
    }

    fn longest_pause(&mut self) -> Result<Option<Duration>, Error> {
        time(&self.ask("pause")?, "pause").map(Some)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn span(answer: &Value) -> Result<Span, Error> {
    Ok(Span { thread: time(answer, "thread")?, process: time(answer, "process")?, wall: time(answer, "wall")? })
}

fn time(answer: &Value, name: &str) -> Result<Duration, Error> {
    let microseconds = answer[name].as_f64().ok_or_else(|| format!("node says no time `{name}`"))?;
    Ok(Duration::from_nanos((microseconds * 1e3) as u64))
}
