//! Documentation: every public type and trait says what it is, with an example that is run.

use crate::sources;
use syn::{Attribute, Expr, Item, Lit, Meta, UseTree};

/// The text of documentation comments.
fn text(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter(|attribute| attribute.path().is_ident("doc")).filter_map(|attribute| {
        let Meta::NameValue(meta) = &attribute.meta else { return None };
        let Expr::Lit(literal) = &meta.value else { return None };
        let Lit::Str(text) = &literal.lit else { return None };
        Some(text.value() + "\n")
    });
    lines.collect()
}

/// The name at the end of a path.
fn last(tree: &UseTree) -> Option<String> {
    match tree {
        UseTree::Path(path) => last(&path.tree),
        UseTree::Name(name) => Some(name.ident.to_string()),
        _ => None,
    }
}

/// Names and documentation of the types and traits that a crate defines, also those that a macro makes of an invocation.
fn documented(of: &str, found: &mut Vec<(String, String)>) {
    for item in sources::parsed(of).into_iter().flat_map(|file| file.items) {
        match item {
            Item::Struct(item) => found.push((item.ident.to_string(), text(&item.attrs))),
            Item::Enum(item) => found.push((item.ident.to_string(), text(&item.attrs))),
            Item::Trait(item) => found.push((item.ident.to_string(), text(&item.attrs))),
            Item::Type(item) => found.push((item.ident.to_string(), text(&item.attrs))),
            // What another crate defines has its example where it is made public.
            Item::Use(item) => found.extend(last(&item.tree).map(|name| (name, text(&item.attrs)))),
            Item::Macro(item) => {
                let inner = item.mac.tokens.to_string();
                let name =
                    inner.split(|c: char| !c.is_alphanumeric()).find(|word| word.starts_with(char::is_uppercase));
                let declared = ["enum ", "struct "].iter().find_map(|kind| inner.split(kind).nth(1));
                let declared = declared.and_then(|rest| rest.split(|c: char| !c.is_alphanumeric()).next());
                for name in [name, declared].into_iter().flatten() {
                    found.push((name.to_owned(), inner.clone()));
                }
                if item.mac.path.is_ident("referent") {
                    let name = inner.rsplit(']').next().unwrap_or_default();
                    let name = name.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty());
                    found.extend(name.map(|name| (name.to_owned(), inner.clone())));
                }
            }
            _ => {}
        }
    }
}

/// Whether the documentation has an example that rustdoc runs.
fn has_example(text: &str) -> bool {
    text.contains("```") && text.contains("use tancho::")
}

#[test]
fn every_public_type_has_an_example() {
    let mut found = Vec::new();
    for of in ["engine", "runtime", "runtime/abi", "jit"] {
        documented(of, &mut found);
    }
    let mut without = Vec::new();
    for name in sources::exported() {
        let texts: Vec<_> = found.iter().filter(|(other, _)| *other == name).map(|(_, text)| text).collect();
        if !texts.iter().any(|text| has_example(text)) {
            without.push(format!("{name} ({} found)", texts.len()));
        }
    }
    assert!(without.is_empty(), "public types without an example in their documentation: {without:#?}");
}
