//! A module: compiled code and its description.
//!
//! Made by users from WebAssembly or from the bytes of a `.cwasm` file; `instance` and `linker` instantiate it.

use crate::engine::{self, Engine};
use crate::error::{Coded, Context, Error, ErrorCode, Result};
use crate::export::{ModuleExport, TypedExport};
use crate::func::{WasmParams, WasmResults};
use crate::types::{self, ExportType, ExternType, ImportType};
use std::fmt;
use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use tancho_abi::image::{self, Image, Origin};
use tancho_abi::module::{ModuleView, NONE};
use tancho_runtime::code::Code;
use tancho_runtime::template::Template;
use tancho_runtime::types::RegisteredType;

/// A compiled module. Cheap to clone, and to share between threads.
///
/// # Where compiled modules may come from
///
/// A compiled module is native code: whoever makes one can do everything that the process may.
/// [`Module::deserialize`] therefore loads only what was [serialised](Module::serialize) with the key of the same
/// user; nobody has to vouch for the bytes, and the function is safe. The key is 32 random bytes in the file
/// `$TANCHO_KEY_FILE`, else `$XDG_CONFIG_HOME/tancho/key`, else `$HOME/.config/tancho/key` (or where
/// [`Config::key_file`](crate::Config::key_file) says), which is made when it is first needed. Whoever can read that
/// file can make modules that load.
///
/// ```
/// # use tancho::{Engine, Module, Result};
/// # fn main() -> Result<()> {
/// let module = Module::new(&Engine::default(), r#"(module $greet (import "host" "say" (func)) (memory (export "m") 1))"#)?;
/// assert_eq!(module.name(), Some("greet"));
/// assert_eq!(module.imports().next().map(|import| import.name()), Some("say"));
/// assert!(module.get_export("m").is_some_and(|ty| ty.memory().is_some()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Module(Arc<Loaded>);

/// What an instance of a module needs at least, beside what it imports: see [`Module::resources_required`].
///
/// ```
/// # use tancho::{Engine, Module, Result};
/// # fn main() -> Result<()> {
/// let module = Module::new(&Engine::default(), "(module (memory 2) (table 10 funcref) (table 5 funcref))")?;
/// let needed = module.resources_required();
/// assert_eq!((needed.num_memories, needed.max_initial_memory_size), (1, Some(2)));
/// assert_eq!((needed.num_tables, needed.max_initial_table_size), (2, Some(10)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct ResourcesRequired {
    /// Memories that it defines.
    pub num_memories: u32,
    /// The most pages that one of them has at first; `None` when there is none.
    pub max_initial_memory_size: Option<u64>,
    /// Tables that it defines.
    pub num_tables: u32,
    /// The most entries that one of them has at first; `None` when there is none.
    pub max_initial_table_size: Option<u64>,
}

struct Loaded {
    engine: Engine,
    /// Its code and its types, by type index.
    template: Arc<Template>,
    /// The hash of what this process has compiled it from.
    source: Option<blake3::Hash>,
    /// By position among the imports.
    imports: Box<[ExternType]>,
    /// By position among the exports.
    exports: Box<[ExternType]>,
    /// Whether it defines or imports a memory that threads share.
    shares_memory: bool,
}

impl Module {
    /// Compiles a module. `bytes` is WebAssembly's binary format or, with feature `wat`, its text.
    ///
    /// # Errors
    ///
    /// When it is not valid, or uses what this engine does not support or was told to refuse; when it is a component
    /// or a compiled module; or when the engine's [target](crate::Config::target) is not this machine. The message
    /// says where in the module, and in which function.
    pub fn new(engine: &Engine, bytes: impl AsRef<[u8]>) -> Result<Module> {
        let bytes = bytes.as_ref();
        Self::compile(engine, &engine::source(bytes)?, bytes)
    }

    /// Compiles a module from a file with the binary format or, with feature `wat`, the text.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, and as [`Module::new`].
    pub fn from_file(engine: &Engine, path: impl AsRef<Path>) -> Result<Module> {
        let path = path.as_ref();
        Self::new(engine, read(path)?).with_context(|| format!("cannot compile `{}`", path.display()))
    }

    /// Compiles a module from the binary format; the text is not tried.
    ///
    /// # Errors
    ///
    /// As [`Module::new`].
    pub fn from_binary(engine: &Engine, wasm: &[u8]) -> Result<Module> {
        Self::compile(engine, wasm, wasm)
    }

    /// Compiles what `source` is in the binary format.
    fn compile(engine: &Engine, wasm: &[u8], source: &[u8]) -> Result<Module> {
        engine.require_native()?;
        let image = engine.compile(wasm)?;
        let code = engine.load(&image, Origin::Trusted)?;
        Self::of(engine, code, Some(blake3::hash(source)))
    }

    /// A module from a file that holds WebAssembly, as text or in the binary format, or a module compiled before.
    ///
    /// # Safety
    ///
    /// As for [`Module::deserialize_trusted`], should the file be a compiled module. Where nobody can vouch for it,
    /// [`Engine::detect_precompiled_file`] says which of [`Module::from_file`] and [`Module::deserialize_file`] is the one to use, both of
    /// which are safe.
    ///
    /// # Errors
    ///
    /// As these.
    pub unsafe fn from_trusted_file(engine: &Engine, path: impl AsRef<Path>) -> Result<Module> {
        let path = path.as_ref();
        let bytes = read(path)?;
        if Self::is_precompiled(&bytes) {
            return Self::load(engine, &bytes, Origin::Trusted)
                .with_context(|| format!("cannot load `{}`", path.display()));
        }
        Self::new(engine, bytes).with_context(|| format!("cannot compile `{}`", path.display()))
    }

    /// Checks that a module, in the binary format or as text, is valid, without compiling it.
    ///
    /// # Errors
    ///
    /// Why it is not.
    pub fn validate(engine: &Engine, bytes: &[u8]) -> Result<()> {
        engine.validate(&engine::source(bytes)?)
    }

    /// The bytes of a `.cwasm` file, signed with the user's key.
    ///
    /// # Errors
    ///
    /// When the key cannot be used: see [the type](Module).
    pub fn serialize(&self) -> Result<Vec<u8>> {
        let mut image = self.0.template.code().bytes().to_vec();
        image::sign(&mut image, self.0.engine.key()?);
        Ok(image)
    }

    /// Whether `bytes` begin as a compiled module does, sound or not: what [`Module::deserialize`] loads and
    /// [`Module::new`] refuses.
    pub fn is_precompiled(bytes: &[u8]) -> bool {
        Image::is_image(bytes)
    }

    /// Loads what [`Module::serialize`] or [`Engine::precompile_module`] of an engine with the same settings has
    /// made, with the key of the same user.
    ///
    /// # Errors
    ///
    /// When the bytes are damaged, made by another version, for another machine or with other settings, or not signed
    /// with the user's key; when the key cannot be used.
    pub fn deserialize(engine: &Engine, bytes: impl AsRef<[u8]>) -> Result<Module> {
        Self::load(engine, bytes.as_ref(), Origin::Signed(engine.key()?))
    }

    /// The same from a file. The file is copied: what happens to it afterwards does not matter.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, and as [`Module::deserialize`].
    pub fn deserialize_file(engine: &Engine, path: impl AsRef<Path>) -> Result<Module> {
        let path = path.as_ref();
        Self::deserialize(engine, read(path)?).with_context(|| format!("cannot load `{}`", path.display()))
    }

    /// Loads a compiled module without asking who made it.
    ///
    /// # Safety
    ///
    /// The bytes must have been made by Tancho and nobody else: they are native code that will run with all the
    /// rights of the process.
    ///
    /// # Errors
    ///
    /// When the bytes are damaged, made by another version, for another machine or with other settings.
    pub unsafe fn deserialize_trusted(engine: &Engine, bytes: impl AsRef<[u8]>) -> Result<Module> {
        Self::load(engine, bytes.as_ref(), Origin::Trusted)
    }

    /// The same from a file. The file is copied: what happens to it afterwards does not matter.
    ///
    /// # Safety
    ///
    /// As for [`Module::deserialize_trusted`].
    ///
    /// # Errors
    ///
    /// When the file cannot be read, and as [`Module::deserialize_trusted`].
    pub unsafe fn deserialize_file_trusted(engine: &Engine, path: impl AsRef<Path>) -> Result<Module> {
        let path = path.as_ref();
        Self::load(engine, &read(path)?, Origin::Trusted).with_context(|| format!("cannot load `{}`", path.display()))
    }

    /// Loads a compiled module whose code is mapped from its file instead of copied and checked: quicker for a large one, of which only what
    /// runs is ever read. The rest of the file is copied.
    ///
    /// # Safety
    ///
    /// As for [`Module::deserialize_trusted`], and nothing finds out that the file is damaged. Nobody may write to it while the module, or
    /// anything made with it, is there: code would change while it runs. (To replace the file, as `rename` does, or to remove it is no
    /// matter.) Where it is made shorter, the process ends, with a message and status 1, when it needs what is gone.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or mapped, was made by another version, for another machine or with other settings; when the engine
    /// has no signal handlers ([`Config::signals_based_traps`](crate::Config::signals_based_traps)), which notice that the file
    /// was made shorter.
    pub unsafe fn deserialize_file_mapped(engine: &Engine, path: impl AsRef<Path>) -> Result<Module> {
        let path = path.as_ref();
        let failed = || format!("cannot load `{}`", path.display());
        if !engine.tunables().signals_based_traps {
            let message =
                "code is mapped only where there are signal handlers, which notice that its file was made shorter";
            return Err(ErrorCode::Configuration.error(message).context(failed()));
        }
        let file = File::open(path).with_context(|| unreadable(path))?;
        // SAFETY: the caller says the same, and an engine with signals has installed the handlers.
        let code = unsafe { Code::map(&file, path, engine.tunables()) }.map_err(Error::new).with_context(failed)?;
        Self::of(engine, code, None)
    }

    /// As [`Module::deserialize`], of `length` bytes that `fill` writes in place.
    pub(crate) fn deserialize_filled(
        engine: &Engine,
        length: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<()>,
    ) -> Result<Module> {
        Self::of(engine, engine.load_filled(length, fill, Origin::Signed(engine.key()?))?, None)
    }

    fn load(engine: &Engine, image: &[u8], origin: Origin<'_>) -> Result<Module> {
        Self::of(engine, engine.load(image, origin)?, None)
    }

    fn of(engine: &Engine, code: Arc<Code>, source: Option<blake3::Hash>) -> Result<Module> {
        let view = code.view();
        let types = engine
            .types()
            .register_module(&view)
            .context(Coded::new(ErrorCode::Damaged, "the module's types cannot be taken in"))?;
        let of = |kind, index| types::extern_type(&view, &types, engine.types(), kind, index);
        let imports = view.imports.iter().map(|import| of(import.kind, import.index)).collect::<Result<_>>()?;
        let exports = view.exports.iter().map(|export| of(export.kind, export.index)).collect::<Result<_>>()?;
        let shares_memory = view.memories.iter().any(|memory| memory.shared());
        let template = Template::new(code, types);
        Ok(Module(Arc::new(Loaded { engine: engine.clone(), template, source, imports, exports, shares_memory })))
    }

    /// What it imports, in order.
    pub fn imports(&self) -> impl ExactSizeIterator<Item = ImportType<'_>> {
        let view = self.0.template.code().view();
        let records = view.imports.iter().zip(&self.0.imports);
        records.map(move |(import, ty)| ImportType::new(view.name(import.module), view.name(import.name), ty.clone()))
    }

    /// What it exports, in order.
    pub fn exports(&self) -> impl ExactSizeIterator<Item = ExportType<'_>> {
        let view = self.0.template.code().view();
        let records = view.exports.iter().zip(&self.0.exports);
        records.map(move |(export, ty)| ExportType::new(view.name(export.name), ty.clone()))
    }

    /// The type of an export; `None` when there is no export of this name.
    pub fn get_export(&self, name: &str) -> Option<ExternType> {
        self.exports().find(|export| export.name() == name).map(|export| export.ty())
    }

    /// Where an export stands, so that it need not be looked up by its name again: see [`Instance::get_module_export`]. `None` when there
    /// is no export of this name.
    ///
    /// [`Instance::get_module_export`]: crate::Instance::get_module_export
    pub fn get_export_index(&self, name: &str) -> Option<ModuleExport> {
        let view = self.0.template.code().view();
        let record = view.export(name)?;
        let position = view.exports.iter().position(|export| std::ptr::eq(export, record))?;
        Some(ModuleExport::new(self, position))
    }

    /// A function that it exports, with its type in Rust's terms, for all its instances in all stores: see [`TypedExport`].
    ///
    /// # Errors
    ///
    /// When there is no such function, or it has another type.
    pub fn get_typed_func<P: WasmParams, R: WasmResults>(&self, name: &str) -> Result<TypedExport<P, R>> {
        TypedExport::new(self, name)
    }

    /// Its custom sections (§5.5.3) of this name, in order, without their names. Those with the name `name`, and those of debugging
    /// information (`.debug_…`), are not kept.
    ///
    /// ```
    /// # use tancho::{Engine, Module, Result};
    /// # fn main() -> Result<()> {
    /// let module = Module::new(&Engine::default(), r#"(module (@custom "version" "1.2"))"#)?;
    /// assert_eq!(module.custom_sections("version").next(), Some(&b"1.2"[..]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn custom_sections<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.all_custom_sections().filter_map(move |(other, bytes)| (other == name).then_some(bytes))
    }

    /// All custom sections that are kept, in order, with their names.
    pub fn all_custom_sections(&self) -> impl ExactSizeIterator<Item = (&str, &[u8])> {
        let view = self.0.template.code().view();
        let sections = view.custom_sections.iter();
        sections.map(move |section| (view.name(section.name), section.bytes.of(view.custom_bytes).unwrap_or_default()))
    }

    /// What an instance of it needs at least: for those who have little and many modules to choose from.
    pub fn resources_required(&self) -> ResourcesRequired {
        let view = self.0.template.code().view();
        let counts = view.facts().counts;
        let memories = view.memories.get(counts.imported_memories as usize..).unwrap_or_default();
        let tables = view.tables.get(counts.imported_tables as usize..).unwrap_or_default();
        ResourcesRequired {
            num_memories: counts.defined_memories(),
            max_initial_memory_size: memories.iter().map(|memory| memory.minimum).max(),
            num_tables: counts.defined_tables(),
            max_initial_table_size: tables.iter().map(|table| table.minimum).max(),
        }
    }

    /// Where its compiled image stands in the process, code included.
    pub fn image_range(&self) -> Range<*const u8> {
        self.0.template.code().bytes().as_ptr_range()
    }

    /// Whether both are one module: clones of one that was made once.
    pub fn same(a: &Module, b: &Module) -> bool {
        a.is_same(b)
    }

    /// Its own name, from its name section.
    pub fn name(&self) -> Option<&str> {
        Self::name_in(&self.0.template.code().view())
    }

    /// The name that a module's name section gives the module.
    pub(crate) fn name_in<'a>(view: &ModuleView<'a>) -> Option<&'a str> {
        let name = view.facts().name;
        (name.length > 0).then(|| view.name(name))
    }

    /// The engine it was made with.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// Whether this process has compiled it from these bytes.
    pub(crate) fn is_compiled_from(&self, source: &[u8]) -> bool {
        self.0.source.is_some_and(|known| known == blake3::hash(source))
    }

    pub(crate) fn code(&self) -> &Arc<Code> {
        self.0.template.code()
    }

    /// What instances are made of.
    pub(crate) fn template(&self) -> &Arc<Template> {
        &self.0.template
    }

    pub(crate) fn types(&self) -> &Arc<[Arc<RegisteredType>]> {
        self.0.template.types()
    }

    pub(crate) fn shares_memory(&self) -> bool {
        self.0.shares_memory
    }

    pub(crate) fn import_types(&self) -> &[ExternType] {
        &self.0.imports
    }

    /// Where this module's code leaves for a host function of the type with this id, typed or by an array; `None`
    /// when it has no such trampoline.
    pub(crate) fn exit_trampoline(&self, type_id: u32, typed: bool) -> Option<*const u8> {
        let view = self.0.template.code().view();
        let positions = self.types().iter().zip(view.trampolines).filter(|(ty, _)| ty.id == type_id);
        let mut offsets = positions.map(|(_, record)| if typed { record.host_exit } else { record.array_exit });
        self.0.template.code().address(offsets.find(|offset| *offset != NONE)?)
    }

    pub(crate) fn is_same(&self, other: &Module) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| unreadable(path))
}

fn unreadable(path: &Path) -> Coded {
    Coded::new(ErrorCode::FileUnreadable, format!("cannot read `{}`", path.display()))
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module").field("name", &self.name()).finish_non_exhaustive()
    }
}
