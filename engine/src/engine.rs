//! The engine: configuration, compiler, type registry and key, shared by all modules and stores of a program.
//!
//! Users make one per process. Whatever is made with an engine works only with what was made with the same one.

use crate::compile::{self, Compiler};
use crate::config::Config;
use crate::deadline::Epochs;
use crate::error::{Coded, Context, ErrorCode, Result};
use crate::func_type::FuncType;
use crate::key::{self, Key};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::hash::Hash;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use tancho_abi::image::{self, BUILD_ID, Image, MAGIC, Origin};
use tancho_abi::tunables::Tunables;
use tancho_runtime::code::Code;
use tancho_runtime::types::TypeRegistry;

/// Compiles and loads modules. Cheap to clone, and to share between threads.
///
/// ```
/// # use tancho::{Config, Engine, Module, Result};
/// # fn main() -> Result<()> {
/// let engine = Engine::new(&Config::new())?;
/// let threads: Vec<_> = (0..2)
///     .map(|_| {
///         let engine = engine.clone();
///         std::thread::spawn(move || Module::new(&engine, "(module)").is_ok())
///     })
///     .collect();
/// assert!(threads.into_iter().all(|thread| thread.join().unwrap_or(false)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Engine(Arc<Shared>);

/// What bytes are that were compiled before: see [`Engine::detect_precompiled`].
///
/// ```
/// # use tancho::{Engine, Precompiled};
/// assert_eq!(Engine::detect_precompiled(b"\0asm\x01\0\0\0"), None);
/// let start = b"\0tancho\n";
/// assert_eq!(Engine::detect_precompiled(start), Some(Precompiled::Module));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Precompiled {
    /// A module, as [`Module::deserialize`](crate::Module::deserialize) loads it.
    Module,
}

/// An [`Engine`] that is not kept: for caches that are not to outlive it.
///
/// ```
/// # use tancho::Engine;
/// let engine = Engine::default();
/// let weak = engine.weak();
/// assert!(weak.upgrade().is_some_and(|other| other.is_same(&engine)));
/// drop(engine);
/// assert!(weak.upgrade().is_none());
/// ```
#[derive(Clone)]
pub struct EngineWeak(Weak<Shared>);

impl EngineWeak {
    /// The engine; `None` when nothing keeps it any more.
    pub fn upgrade(&self) -> Option<Engine> {
        self.0.upgrade().map(Engine)
    }
}

impl fmt::Debug for EngineWeak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineWeak").field("alive", &(self.0.strong_count() > 0)).finish()
    }
}

struct Shared {
    config: Config,
    tunables: Arc<Tunables>,
    compiler: Compiler,
    types: Arc<TypeRegistry>,
    /// Images that hold the trampolines of one type each, by the type's id, for host functions that become
    /// references. The type is kept with them, so that its id stays its own.
    trampolines: Mutex<HashMap<u32, (FuncType, Arc<Code>)>>,
    key_file: Option<PathBuf>,
    key: OnceLock<Key>,
    /// Bytes that the heap of each store may have, if it is not to be left to the reservation.
    heap_limit: Option<u64>,
    epochs: Epochs,
    reports: Reports,
    /// The stacks of asynchronous calls.
    #[cfg(feature = "async")]
    stacks: Arc<tancho_runtime::stack::StackPool>,
}

/// What errors tell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reports {
    /// How many functions of a backtrace are kept.
    pub(crate) frames: usize,
    /// Whether backtraces are shown with what DWARF says.
    pub(crate) details: bool,
    /// Whether traps have a core dump.
    #[cfg_attr(not(feature = "coredump"), expect(dead_code, reason = "the configuration has it all the same"))]
    pub(crate) coredump: bool,
}

impl Engine {
    /// An engine with this configuration. The first one in a process that [needs them](Config::signals_based_traps) installs the signal
    /// handlers of traps.
    ///
    /// # Errors
    ///
    /// When the [reservation](Config::gc_heap_reservation) or the [nursery](Config::gc_nursery) of heaps, or a
    /// [stack](Config::async_stack_size), has a size that it cannot have;
    /// when the target is not supported, this CPU lacks what compiled code needs at least, or the handlers cannot be
    /// installed.
    pub fn new(config: &Config) -> Result<Engine> {
        config.require_heap()?;
        config.require_stack()?;
        if config.tunables.signals_based_traps {
            tancho_runtime::trap::install()
                .context(Coded::new(ErrorCode::Refused, "cannot install the signal handlers"))?;
        }
        Ok(Engine(Arc::new(Shared {
            config: config.clone(),
            tunables: Arc::new(config.tunables.clone()),
            compiler: Compiler::new(config)?,
            types: TypeRegistry::new(),
            trampolines: Mutex::default(),
            key_file: config.key_file.clone(),
            key: OnceLock::new(),
            heap_limit: config.heap_limit,
            epochs: Epochs::new(),
            #[cfg(feature = "async")]
            stacks: tancho_runtime::stack::StackPool::new(config.async_stack_size.0),
            reports: Reports {
                frames: config.backtrace.frames,
                details: config.backtrace.details.are_on(),
                coredump: config.coredump_on_trap,
            },
        })))
    }

    /// Compiles a module to the bytes of a `.cwasm` file for the engine's [target](Config::target), signed with the
    /// user's key. `wasm` is WebAssembly's binary format or, with feature `wat`, its text.
    ///
    /// # Errors
    ///
    /// When the module is not valid or not supported, or the key cannot be used.
    pub fn precompile_module(&self, wasm: &[u8]) -> Result<Vec<u8>> {
        let mut image = self.compile(&source(wasm)?)?;
        image::sign(&mut image, self.key()?);
        Ok(image)
    }

    /// What the engine is: names and values of its build, its target with the CPU features that code may use, the proposals that
    /// modules may use, whether they keep their DWARF, and the tunables, in this order. For people, and for comparing two engines.
    pub fn settings(&self) -> Vec<(String, String)> {
        let mut settings = vec![("build".to_owned(), BUILD_ID.to_owned())];
        settings.extend(self.0.compiler.settings());
        settings.extend(self.0.tunables.list().into_iter().map(|(name, value)| (name.to_owned(), value)));
        settings
    }

    /// All that decides, beside the bytes of a module, what it is compiled to and whether it is.
    pub(crate) fn maker(&self) -> String {
        self.settings().iter().map(|(name, value)| format!("{name}={value}\n")).collect()
    }

    /// Where the key is that modules are signed with.
    ///
    /// # Errors
    ///
    /// When there is no place for it: neither `TANCHO_KEY_FILE` nor `HOME` is set.
    pub fn key_path(&self) -> Result<PathBuf> {
        match &self.0.key_file {
            Some(file) => Ok(file.clone()),
            None => key::location(),
        }
    }

    /// Counts one epoch further: stores whose [deadline](crate::Store::set_epoch_deadline) that is are interrupted. From any thread, as often
    /// as the program likes; compiled code does not look at the number, so it costs nothing there.
    pub fn increment_epoch(&self) {
        self.0.epochs.increment();
    }

    pub(crate) fn epochs(&self) -> &Epochs {
        &self.0.epochs
    }

    /// How many stacks of asynchronous calls are in use: one for each call that has begun and has not ended, in all stores of the engine.
    #[cfg(feature = "async")]
    pub fn async_stacks_in_use(&self) -> usize {
        self.0.stacks.in_use()
    }

    #[cfg(feature = "async")]
    pub(crate) fn stacks(&self) -> &Arc<tancho_runtime::stack::StackPool> {
        &self.0.stacks
    }

    /// Whether both are the same engine.
    pub fn is_same(&self, other: &Engine) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether both are the same engine: as [`Engine::is_same`].
    pub fn same(a: &Engine, b: &Engine) -> bool {
        a.is_same(b)
    }

    /// What the engine was made with.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// A handle that does not keep the engine.
    pub fn weak(&self) -> EngineWeak {
        EngineWeak(Arc::downgrade(&self.0))
    }

    /// What bytes are, by how they begin: `None` unless they were [compiled](Engine::precompile_module) before. Whether they are sound is
    /// seen only when they are loaded.
    pub fn detect_precompiled(bytes: &[u8]) -> Option<Precompiled> {
        Image::is_image(bytes).then_some(Precompiled::Module)
    }

    /// The same for a file, of which no more than the beginning is read.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn detect_precompiled_file(path: impl AsRef<Path>) -> Result<Option<Precompiled>> {
        let path = path.as_ref();
        let mut start = Vec::new();
        let file = File::open(path)
            .with_context(|| Coded::new(ErrorCode::FileUnreadable, format!("cannot open `{}`", path.display())))?;
        file.take(MAGIC.len() as u64)
            .read_to_end(&mut start)
            .with_context(|| Coded::new(ErrorCode::FileUnreadable, format!("cannot read `{}`", path.display())))?;
        Ok(Self::detect_precompiled(&start))
    }

    /// What hashes the same for two engines exactly if each loads what the other has compiled, as far as builds and settings go: the key
    /// of a cache, together with the module's bytes. That the machine has the CPU features that were compiled for is seen when a
    /// module is loaded.
    ///
    /// ```
    /// # use std::hash::{DefaultHasher, Hash, Hasher};
    /// # use tancho::{Config, Engine, OptLevel, Result};
    /// # fn main() -> Result<()> {
    /// let hash = |engine: &Engine| {
    ///     let mut state = DefaultHasher::new();
    ///     engine.precompile_compatibility_hash().hash(&mut state);
    ///     state.finish()
    /// };
    /// let slow = Engine::new(Config::new().cranelift_opt_level(OptLevel::None))?;
    /// assert_eq!(hash(&Engine::default()), hash(&Engine::default()));
    /// assert_ne!(hash(&Engine::default()), hash(&slow));
    /// # Ok(())
    /// # }
    /// ```
    pub fn precompile_compatibility_hash(&self) -> impl Hash + '_ {
        self.maker()
    }

    /// The unsigned image of a module.
    pub(crate) fn compile(&self, wasm: &[u8]) -> Result<Vec<u8>> {
        require_source(wasm)?;
        self.0.compiler.compile(wasm)
    }

    pub(crate) fn validate(&self, wasm: &[u8]) -> Result<()> {
        self.0.compiler.validate(wasm)
    }

    /// Loads an image.
    pub(crate) fn load(&self, image: &[u8], origin: Origin<'_>) -> Result<Arc<Code>> {
        Ok(Code::load(image, &self.0.tunables, origin)?)
    }

    /// Loads an image of `length` bytes that `fill` writes in place.
    pub(crate) fn load_filled(
        &self,
        length: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<()>,
        origin: Origin<'_>,
    ) -> Result<Arc<Code>> {
        Code::load_filled(length, fill, &self.0.tunables, origin)
    }

    /// An error when what the engine compiles does not run here.
    pub(crate) fn require_native(&self) -> Result<()> {
        match self.0.compiler.foreign() {
            None => Ok(()),
            Some(target) => Err(ErrorCode::NotNative.error(format!(
                "this engine compiles for {target}, which does not run here: use `Engine::precompile_module`"
            ))),
        }
    }

    pub(crate) fn key(&self) -> Result<&Key> {
        if let Some(key) = self.0.key.get() {
            return Ok(key);
        }
        let key = key::load(self.0.key_file.as_deref())?;
        Ok(self.0.key.get_or_init(|| key))
    }

    pub(crate) fn types(&self) -> &Arc<TypeRegistry> {
        &self.0.types
    }

    pub(crate) fn tunables(&self) -> &Arc<Tunables> {
        &self.0.tunables
    }

    pub(crate) fn reports(&self) -> Reports {
        self.0.reports
    }

    pub(crate) fn heap_limit(&self) -> Option<u64> {
        self.0.heap_limit
    }

    /// An image with the trampolines of a type, which is its type 0.
    pub(crate) fn trampolines(&self, ty: &FuncType) -> Result<Arc<Code>> {
        let mut cache = self.0.trampolines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, code)) = cache.get(&ty.id()) {
            return Ok(code.clone());
        }
        self.require_native()?;
        let image = self.0.compiler.trampolines(ty.abi())?;
        let code = self.load(&image, Origin::Trusted)?;
        cache.insert(ty.id(), (ty.clone(), code.clone()));
        Ok(code)
    }
}

/// An error when the bytes are compiled already.
fn require_source(wasm: &[u8]) -> Result<()> {
    if Image::is_image(wasm) {
        return Err(ErrorCode::AlreadyCompiled.error(
            "these bytes are a compiled module, not WebAssembly: load them with `Module::deserialize` (or `deserialize_file`)",
        ));
    }
    Ok(())
}

/// The binary format of what a user passes as WebAssembly.
pub(crate) fn source(wasm: &[u8]) -> Result<Cow<'_, [u8]>> {
    require_source(wasm)?;
    compile::binary(wasm)
}

impl Default for Engine {
    /// An engine with the default configuration.
    ///
    /// # Panics
    ///
    /// When [`Engine::new`] would be an error.
    fn default() -> Self {
        match Engine::new(&Config::default()) {
            Ok(engine) => engine,
            Err(error) => panic!("cannot make an engine with the default configuration: {error:?}"),
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("tunables", &self.0.tunables).finish_non_exhaustive()
    }
}
