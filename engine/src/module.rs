//! A module: compiled code and its description.
//!
//! Made by users from WebAssembly or from the bytes of a `.cwasm` file; `instance` and `linker` instantiate it.

use crate::engine::{self, Engine};
use crate::error::{Coded, Context, ErrorCode, Result};
use crate::types::{self, ExportType, ExternType, ImportType};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use tancho_abi::image::{self, Image, Origin};
use tancho_abi::module::{ModuleView, NONE};
use tancho_runtime::code::Code;
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
#[derive(Clone)]
pub struct Module(Arc<Loaded>);

struct Loaded {
    engine: Engine,
    code: Arc<Code>,
    /// By type index.
    types: Arc<[Arc<RegisteredType>]>,
    /// By position among the imports.
    imports: Box<[ExternType]>,
    /// By position among the exports.
    exports: Box<[ExternType]>,
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
        Self::from_binary(engine, &engine::source(bytes.as_ref())?)
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
        engine.require_native()?;
        let image = engine.compile(wasm)?;
        Self::load(engine, &image, Origin::Trusted)
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
        let mut image = self.0.code.bytes().to_vec();
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

    fn load(engine: &Engine, image: &[u8], origin: Origin<'_>) -> Result<Module> {
        let code = engine.load(image, origin)?;
        let view = code.view();
        let types = engine
            .types()
            .register_module(&view)
            .context(Coded::new(ErrorCode::Damaged, "the module's types cannot be taken in"))?;
        let of = |kind, index| types::extern_type(&view, &types, engine.types(), kind, index);
        let imports = view.imports.iter().map(|import| of(import.kind, import.index)).collect::<Result<_>>()?;
        let exports = view.exports.iter().map(|export| of(export.kind, export.index)).collect::<Result<_>>()?;
        Ok(Module(Arc::new(Loaded { engine: engine.clone(), code, types, imports, exports })))
    }

    /// What it imports, in order.
    pub fn imports(&self) -> impl ExactSizeIterator<Item = ImportType<'_>> {
        let view = self.0.code.view();
        let records = view.imports.iter().zip(&self.0.imports);
        records.map(move |(import, ty)| ImportType::new(view.name(import.module), view.name(import.name), ty.clone()))
    }

    /// What it exports, in order.
    pub fn exports(&self) -> impl ExactSizeIterator<Item = ExportType<'_>> {
        let view = self.0.code.view();
        let records = view.exports.iter().zip(&self.0.exports);
        records.map(move |(export, ty)| ExportType::new(view.name(export.name), ty.clone()))
    }

    /// The type of an export; `None` when there is no export of this name.
    pub fn get_export(&self, name: &str) -> Option<ExternType> {
        self.exports().find(|export| export.name() == name).map(|export| export.ty())
    }

    /// Its own name, from its name section.
    pub fn name(&self) -> Option<&str> {
        Self::name_in(&self.0.code.view())
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

    pub(crate) fn code(&self) -> &Arc<Code> {
        &self.0.code
    }

    pub(crate) fn types(&self) -> &Arc<[Arc<RegisteredType>]> {
        &self.0.types
    }

    pub(crate) fn import_types(&self) -> &[ExternType] {
        &self.0.imports
    }

    /// Where this module's code leaves for a host function of the type with this id, typed or by an array; `None`
    /// when it has no such trampoline.
    pub(crate) fn exit_trampoline(&self, type_id: u32, typed: bool) -> Option<*const u8> {
        let view = self.0.code.view();
        let positions = self.0.types.iter().zip(view.trampolines).filter(|(ty, _)| ty.id == type_id);
        let mut offsets = positions.map(|(_, record)| if typed { record.host_exit } else { record.array_exit });
        self.0.code.address(offsets.find(|offset| *offset != NONE)?)
    }

    pub(crate) fn is_same(&self, other: &Module) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path)
        .with_context(|| Coded::new(ErrorCode::FileUnreadable, format!("cannot read `{}`", path.display())))
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module").field("name", &self.name()).finish_non_exhaustive()
    }
}
