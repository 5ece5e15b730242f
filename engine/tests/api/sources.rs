//! What the crate offers, read from its sources: public methods and what they take, public types and their documentation.
//!
//! `misuse` has a row for each method that this finds, `documentation` looks at each type.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use syn::{FnArg, ImplItem, Item, Type, Visibility};

/// What an engine or a store knows as its own, or another's.
const TAGGED: &[&str] = &[
    "Engine",
    "Module",
    "ModuleExport",
    "TypedExport",
    "Store",
    "Linker",
    "InstancePre",
    "Instance",
    "Func",
    "TypedFunc",
    "Memory",
    "SharedMemory",
    "Table",
    "Global",
    "Tag",
    "Extern",
    "Export",
    "Val",
    "Ref",
    "Rooted",
    "OwnedRooted",
    "AnyRef",
    "EqRef",
    "StructRef",
    "ArrayRef",
    "ExternRef",
    "ExnRef",
    "Exception",
    "StructRefPre",
    "ArrayRefPre",
    "RootedGcRef",
    "FuncType",
    "StructType",
    "ArrayType",
    "FieldType",
    "StorageType",
    "ValType",
    "RefType",
    "HeapType",
    "GlobalType",
    "TableType",
    "TagType",
    "ExternType",
    "ImportType",
];

/// A public method or associated function.
pub(crate) struct Method {
    /// As `Type::method`.
    pub(crate) name: String,
    /// Whether it is given a store, or several things that belong to an engine or a store.
    pub(crate) tagged: bool,
}

/// The folder of a crate of this workspace.
fn crate_folder(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate stands in the workspace").join(of)
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder can be listed").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The parsed sources of a crate.
pub(crate) fn parsed(of: &str) -> Vec<syn::File> {
    let mut paths = Vec::new();
    files(&crate_folder(of).join("src"), &mut paths);
    paths.sort();
    let parse = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).expect("a source file can be read");
        syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    paths.iter().map(parse).collect()
}

/// The names that the crate's root makes public.
pub(crate) fn exported() -> BTreeSet<String> {
    fn names(tree: &syn::UseTree, found: &mut BTreeSet<String>) {
        match tree {
            syn::UseTree::Path(path) => names(&path.tree, found),
            syn::UseTree::Name(name) => drop(found.insert(name.ident.to_string())),
            syn::UseTree::Rename(name) => drop(found.insert(name.rename.to_string())),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| names(tree, found)),
            syn::UseTree::Glob(_) => panic!("the root names all that is public"),
        }
    }
    let text = std::fs::read_to_string(crate_folder("engine").join("src/lib.rs")).expect("the root can be read");
    let root = syn::parse_file(&text).expect("the root can be parsed");
    let mut found = BTreeSet::new();
    for item in &root.items {
        if let Item::Use(item) = item
            && matches!(item.vis, Visibility::Public(_))
        {
            names(&item.tree, &mut found);
        }
    }
    found
}

/// Every public method of a public type of the crate.
pub(crate) fn methods() -> Vec<Method> {
    let exported = exported();
    let mut found = Vec::new();
    let files = parsed("engine");
    let macros: Vec<Macro> = files.iter().flat_map(|file| &file.items).filter_map(Macro::of).collect();
    for item in files.iter().flat_map(|file| &file.items) {
        match item {
            Item::Impl(item) if item.trait_.is_none() => inherent(item, &macros, &mut found),
            Item::Macro(item) => invocation(&item.mac, &macros, &mut found),
            _ => {}
        }
    }
    found.retain(|method: &Method| exported.contains(method.name.split("::").next().unwrap_or_default()));
    found
}

fn inherent(item: &syn::ItemImpl, macros: &[Macro], found: &mut Vec<Method>) {
    let Type::Path(path) = &*item.self_ty else { return };
    let Some(owner) = path.path.segments.last().map(|segment| segment.ident.to_string()) else { return };
    for inner in &item.items {
        match inner {
            ImplItem::Fn(method) if matches!(method.vis, Visibility::Public(_)) => {
                let inputs = method.sig.inputs.iter().map(|input| match input {
                    FnArg::Receiver(_) => receiver(&owner),
                    FnArg::Typed(input) => words(&input.ty),
                });
                let generics = words(&method.sig.generics);
                found.push(Method {
                    name: format!("{owner}::{}", method.sig.ident),
                    tagged: is_tagged(&inputs.collect::<Vec<_>>(), &generics),
                });
            }
            ImplItem::Macro(item) => {
                let known = macros.iter().find(|known| item.mac.path.is_ident(&known.name));
                known.into_iter().for_each(|known| known.methods(&owner, &item.mac.tokens, found));
            }
            _ => {}
        }
    }
}

/// A receiver of this type, where it is one that can be used with another's things; a context is the store itself.
fn receiver(owner: &str) -> String {
    if TAGGED.contains(&owner) { owner.to_owned() } else { String::new() }
}

/// Whether these parameters name a store, or several things that an engine or a store knows.
fn is_tagged(inputs: &[String], generics: &str) -> bool {
    let has = |text: &str, word: &str| text.split(' ').any(|other| other == word);
    let is_store = |text: &str| {
        ["AsContext", "AsContextMut", "StoreContext", "StoreContextMut", "Caller"].iter().any(|word| has(text, word))
    };
    let tags = inputs.iter().filter(|input| TAGGED.iter().any(|word| has(input, word)));
    inputs.iter().any(|input| is_store(input)) || is_store(generics) || tags.count() > 1
}

/// The words of some code, with spaces between.
fn words(code: &impl quote::ToTokens) -> String {
    code.to_token_stream().to_string().split(|c: char| !c.is_alphanumeric() && c != '_').collect::<Vec<_>>().join(" ")
}

/// A macro of the crate that makes public methods.
struct Macro {
    name: String,
    /// Name and parameters of each method; a name is `None` where it stands in the invocation.
    methods: Vec<(Option<String>, String)>,
}

impl Macro {
    fn of(item: &Item) -> Option<Macro> {
        let Item::Macro(item) = item else { return None };
        let name = item.ident.as_ref()?.to_string();
        let mut methods = Vec::new();
        public_functions(item.mac.tokens.clone(), &mut methods);
        (!methods.is_empty()).then_some(Macro { name, methods })
    }

    /// The methods that an invocation makes of a type.
    fn methods(&self, owner: &str, tokens: &TokenStream, found: &mut Vec<Method>) {
        let is_name = |word: &str| word.starts_with(|c: char| c.is_lowercase()) && word.contains('_');
        let given: Vec<String> = words(tokens).split(' ').filter(|word| is_name(word)).map(str::to_owned).collect();
        for (name, inputs) in &self.methods {
            let names = name.as_ref().map_or_else(|| given.clone(), |name| vec![name.clone()]);
            for name in names {
                let name = format!("{owner}::{name}");
                if !found.iter().any(|method| method.name == name) {
                    let inputs: Vec<String> = inputs.split(',').map(|input| input.replace(ITSELF, owner)).collect();
                    found.push(Method { name, tagged: is_tagged(&inputs, "") });
                }
            }
        }
    }
}

/// An invocation of a macro between items: it begins with the type that it makes methods of.
fn invocation(item: &syn::Macro, macros: &[Macro], found: &mut Vec<Method>) {
    let Some(known) = macros.iter().find(|known| item.path.is_ident(&known.name)) else { return };
    let first = item.tokens.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    });
    first.into_iter().for_each(|owner| known.methods(&owner, &item.tokens, found));
}

/// The functions in a macro's text that are written `pub fn`.
fn public_functions(tokens: TokenStream, found: &mut Vec<(Option<String>, String)>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (position, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            public_functions(group.stream(), found);
        }
        let is_word =
            |offset: usize, word: &str| tokens.get(position + offset).is_some_and(|token| token.to_string() == word);
        if !is_word(0, "pub") {
            continue;
        }
        let behind = 1 + ["const", "unsafe", "async"].iter().filter(|word| is_word(1, word)).count();
        if !is_word(behind, "fn") {
            continue;
        }
        let named = tokens.get(behind + position + 1).map(ToString::to_string).filter(|name| name != "$");
        let inputs = tokens[position..].iter().find_map(|token| match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Some(inputs(group.stream())),
            _ => None,
        });
        found.push((named, inputs.unwrap_or_default()));
    }
}

/// What stands in a macro's methods for the type that they are made of.
const ITSELF: &str = "Itself";

/// The words of parameters, which commas separate. What the invocation gives is the type that the methods are of.
fn inputs(tokens: TokenStream) -> String {
    let mut text = String::new();
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == '$' => {
                drop(tokens.next());
                text.push_str(ITSELF);
            }
            TokenTree::Punct(mark) if mark.as_char() == ',' => text.push(','),
            TokenTree::Ident(word) if word == "self" => text.push_str(ITSELF),
            TokenTree::Group(group) => text.push_str(&words(&group.stream())),
            other => text.push_str(&words(&other)),
        }
        text.push(' ');
    }
    text
}
