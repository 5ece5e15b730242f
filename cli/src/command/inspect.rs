//! `tancho inspect`: what is in a module, without running it.
//!
//! The binary format is read here by wasmparser; of a compiled file the engine says what it knows.

use crate::diagnosis::import::supplier;
use crate::engine::{config, engine};
use crate::flags::Inspect;
use crate::load;
use crate::outcome::print;
use crate::stats::size;
use crate::style::Style;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::ExitCode;
use tancho::{Context, Engine, ExternType, FuncType, Linker, Module, Result, Store};
use tancho_wasi::{WasiCtx, WasiCtxBuilder};
use wasmparser::types::{EntityType, TypesRef};
use wasmparser::{KnownCustom, Parser, Payload, Validator, WasmFeatures};

/// What is said of a module.
#[derive(Default)]
struct Contents {
    kind: &'static str,
    bytes: u64,
    name: Option<String>,
    /// Module name, name, type, and who supplies it.
    imports: Vec<(String, String, String, &'static str)>,
    /// Name and type.
    exports: Vec<(String, String)>,
    /// Proposals that the module does not validate without, and whether they are on.
    features: Vec<(String, &'static str)>,
    /// Section names, with their bytes.
    sections: Vec<(String, u64)>,
    functions: u64,
    /// Field, name and version.
    producers: Vec<(String, String, String)>,
    /// What is written in the section `target_features`.
    target_features: Vec<String>,
}

pub(crate) fn run(flags: &Inspect) -> Result<ExitCode> {
    let bytes = load::source(&flags.file)?;
    let shown = load::shown(&flags.file);
    let engine = engine(&flags.engine)?;
    let contents = if Module::is_precompiled(&bytes) {
        let module = super::run::load_compiled(&engine, &bytes, &flags.file, false)?;
        let mut contents = Contents { kind: "compiled module", bytes: bytes.len() as u64, ..Contents::default() };
        contents.sections.push(("machine code".to_owned(), module.text().len() as u64));
        interface(&engine, &module, &mut contents)?;
        contents
    } else {
        let wasm = wat::parse_bytes(&bytes).with_context(|| format!("cannot read {shown}"))?;
        binary(flags, &engine, &wasm).with_context(|| format!("cannot inspect {shown}"))?
    };
    let text =
        if flags.json { format!("{:#}\n", contents.json(&shown)) } else { contents.text(&shown, Style::stdout()) };
    print(&text)
}

/// Reads a module in the binary format.
fn binary(flags: &Inspect, engine: &Engine, wasm: &[u8]) -> Result<Contents> {
    let mut contents = Contents { kind: "module", bytes: wasm.len() as u64, ..Contents::default() };
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        if let Some((id, range)) = payload.as_section() {
            let name = match &payload {
                Payload::CustomSection(section) => format!("custom `{}`", section.name()),
                _ => section_name(id).to_owned(),
            };
            contents.sections.push((name, range.end - range.start));
        }
        match payload {
            Payload::FunctionSection(section) => contents.functions = u64::from(section.count()),
            Payload::CustomSection(section) => custom(&section, &mut contents),
            _ => {}
        }
    }
    contents.features = features(flags, wasm);
    // With every proposal on: what is refused here is valid under none.
    let types = Validator::new_with_features(everything()).validate_all(wasm)?;
    let types = types.as_ref();
    let imports = types.core_imports().into_iter().flatten();
    let imports = imports.map(|(of, name, ty)| (of.to_owned(), name.to_owned(), entity(&types, &ty)));
    contents.imports = from(engine, imports)?;
    let exports = types.core_exports().into_iter().flatten();
    contents.exports = exports.map(|(name, ty)| (name.to_owned(), entity(&types, &ty))).collect();
    Ok(contents)
}

/// The type of an import or export.
fn entity(types: &TypesRef<'_>, ty: &EntityType) -> String {
    let limits = |initial: u64, maximum: Option<u64>| {
        maximum.map_or(initial.to_string(), |maximum| format!("{initial} {maximum}"))
    };
    let index = |is_64| if is_64 { "i64 " } else { "" };
    match ty {
        EntityType::Func(id) | EntityType::FuncExact(id) => types[*id].to_string(),
        EntityType::Table(ty) => {
            format!("(table {}{} {})", index(ty.table64), limits(ty.initial, ty.maximum), ty.element_type)
        }
        EntityType::Memory(ty) => {
            let shared = if ty.shared { " shared" } else { "" };
            format!("(memory {}{}{shared})", index(ty.memory64), limits(ty.initial, ty.maximum))
        }
        EntityType::Global(ty) if ty.mutable => format!("(global (mut {}))", ty.content_type),
        EntityType::Global(ty) => format!("(global {})", ty.content_type),
        EntityType::Tag(id) => types[*id].to_string().replacen("func", "tag", 1),
    }
}

/// Who supplies each import.
fn from(
    engine: &Engine,
    imports: impl Iterator<Item = (String, String, String)>,
) -> Result<Vec<(String, String, String, &'static str)>> {
    let mut linker = Linker::<WasiCtx>::new(engine);
    tancho_wasi::p1::add_to_linker(&mut linker, |context| context)?;
    let mut store = Store::new(engine, WasiCtxBuilder::new().build());
    let imports: Vec<_> = imports.collect();
    let spawn = |of: &str, name: &str| (of, name) == tancho_wasi::threads::SPAWN;
    let threads = imports.iter().any(|(of, name, _)| spawn(of, name));
    let supplied = |(of, name, ty): (String, String, String)| {
        let shared = threads && ty.starts_with("(memory") && ty.contains(" shared");
        let from = match linker.get(&mut store, &of, &name) {
            Ok(_) => "Tancho",
            Err(_) if shared || spawn(&of, &name) => "Tancho",
            Err(_) => supplier(&of, &name).unwrap_or("nobody: --preload"),
        };
        (of, name, ty, from)
    };
    Ok(imports.into_iter().map(supplied).collect())
}

/// All proposals of modules.
fn everything() -> WasmFeatures {
    WasmFeatures::all() - WasmFeatures::COMPONENT_MODEL
}

/// Imports and exports of a compiled module.
fn interface(engine: &Engine, module: &Module, contents: &mut Contents) -> Result<()> {
    let text = |ty: ExternType| match ty {
        ExternType::Func(ty) => signature(&ty),
        ty => format!("({ty})"),
    };
    let imports =
        module.imports().map(|import| (import.module().to_owned(), import.name().to_owned(), text(import.ty())));
    contents.imports = from(engine, imports)?;
    contents.exports = module.exports().map(|export| (export.name().to_owned(), text(export.ty()))).collect();
    contents.name = module.name().map(str::to_owned);
    Ok(())
}

/// The type of a function, written as in the text format.
fn signature(ty: &FuncType) -> String {
    let list = |word: &str, types: Vec<String>| match types.as_slice() {
        [] => String::new(),
        types => format!(" ({word} {})", types.join(" ")),
    };
    let params = list("param", ty.params().map(|ty| ty.to_string()).collect());
    format!("(func{params}{})", list("result", ty.results().map(|ty| ty.to_string()).collect()))
}

fn custom(section: &wasmparser::CustomSectionReader<'_>, contents: &mut Contents) {
    if section.name() == "target_features" {
        contents.target_features = target_features(section.data()).unwrap_or_default();
        return;
    }
    if let KnownCustom::Name(names) = section.as_known() {
        let module = names.into_iter().flatten().find_map(|name| match name {
            wasmparser::Name::Module { name, .. } => Some(name.to_owned()),
            _ => None,
        });
        contents.name = module.or(contents.name.take());
    }
    if let KnownCustom::Producers(fields) = section.as_known() {
        for field in fields.into_iter().flatten() {
            for value in field.values.into_iter().flatten() {
                contents.producers.push((field.name.to_owned(), value.name.to_owned(), value.version.to_owned()));
            }
        }
    }
}

/// The section of the tool conventions: a count, and for each feature a sign and a name.
fn target_features(data: &[u8]) -> Option<Vec<String>> {
    let mut reader = wasmparser::BinaryReader::new(data, 0);
    let count = reader.read_var_u32().ok()?;
    (0..count.min(256))
        .map(|_| {
            let sign = char::from(reader.read_u8().ok()?);
            Some(format!("{sign}{}", reader.read_string().ok()?))
        })
        .collect()
}

/// The proposals without which the module is not valid. Each is left out once.
fn features(flags: &Inspect, wasm: &[u8]) -> Vec<(String, &'static str)> {
    let valid = |features| Validator::new_with_features(features).validate_all(wasm).is_ok();
    let all = everything();
    if !valid(all) {
        return Vec::new();
    }
    let config = config(&flags.engine);
    // Floats are in every version of the specification; the others are halves of proposals.
    let halves = ["FLOATS", "GC_TYPES", "CALL_INDIRECT_OVERLONG", "BULK_MEMORY_OPT"];
    let proposals = all.iter_names().filter(|(name, _)| !halves.contains(name));
    let named = proposals.filter(|(_, feature)| !valid(all - *feature));
    named
        .map(|(name, _)| {
            let name = name.to_lowercase().replace('_', "-");
            let state = match config.has_wasm_feature(&name) {
                Some(true) => "on",
                Some(false) => "off: turn it on with -W",
                None => "not there yet",
            };
            (name, state)
        })
        .collect()
}

fn section_name(id: u8) -> &'static str {
    const NAMES: [&str; 14] = [
        "custom",
        "types",
        "imports",
        "functions",
        "tables",
        "memories",
        "globals",
        "exports",
        "start",
        "elements",
        "code",
        "data",
        "data count",
        "tags",
    ];
    NAMES.get(usize::from(id)).copied().unwrap_or("unknown")
}

impl Contents {
    fn json(&self, file: &str) -> Value {
        let pairs =
            |pairs: &[(String, &'static str)]| -> BTreeMap<String, &'static str> { pairs.iter().cloned().collect() };
        let imports = self
            .imports
            .iter()
            .map(|(module, name, ty, from)| json!({"module": module, "name": name, "type": ty, "from": from}));
        let exports = self.exports.iter().map(|(name, ty)| json!({"name": name, "type": ty}));
        let sections = self.sections.iter().map(|(name, bytes)| json!({"name": name, "bytes": bytes}));
        let producers = self
            .producers
            .iter()
            .map(|(field, name, version)| json!({"field": field, "name": name, "version": version}));
        json!({
            "file": file,
            "kind": self.kind,
            "bytes": self.bytes,
            "name": self.name,
            "imports": imports.collect::<Vec<_>>(),
            "exports": exports.collect::<Vec<_>>(),
            "features": pairs(&self.features),
            "sections": sections.collect::<Vec<_>>(),
            "functions": self.functions,
            "producers": producers.collect::<Vec<_>>(),
            "target_features": self.target_features,
        })
    }

    fn text(&self, file: &str, style: Style) -> String {
        let mut text = format!("{}: {} of {}", style.heading(file), self.kind, size(self.bytes));
        text += &self.name.as_ref().map_or("\n".to_owned(), |name| format!(", named `{name}`\n"));
        let mut part = |title: &str, lines: Vec<String>| {
            if !lines.is_empty() {
                text += &format!("\n{}\n", style.heading(title));
                lines.iter().for_each(|line| text += &format!("  {line}\n"));
            }
        };
        let imports = self.imports.iter().map(|(module, name, ty, from)| format!("{module}::{name} {ty}, from {from}"));
        part("Imports", imports.collect());
        part("Exports", self.exports.iter().map(|(name, ty)| format!("{name} {ty}")).collect());
        part("Proposals needed", self.features.iter().map(|(name, state)| format!("{name} ({state})")).collect());
        part(
            "Sections",
            self.sections.iter().map(|(name, bytes)| format!("{name:<28} {:>10}", size(*bytes))).collect(),
        );
        let producers = self
            .producers
            .iter()
            .map(|(field, name, version)| format!("{field}: {name} {version}").trim_end().to_owned());
        part("Producers", producers.collect());
        part("Target features", self.target_features.clone());
        text
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn types_of_compiled_functions_are_written_as_those_of_others() {
        let engine = Engine::default();
        let module = Module::new(
            &engine,
            "(module (func (export \"a\") (param i32 f64) (result i64 v128) unreachable) (func (export \"b\")))",
        );
        let types: Vec<_> = module.unwrap().exports().map(|export| export.ty()).collect();
        let [ExternType::Func(one), ExternType::Func(other)] = types.as_slice() else { panic!("{types:?}") };
        assert_eq!(signature(one), "(func (param i32 f64) (result i64 v128))");
        assert_eq!(signature(other), "(func)");
    }
}
