//! The modules of a crate and which of them names which, read from its source, to find circles.
//!
//! An edge leads from a module to another one that defines something it names: in `use`, or by a path in code that
//! starts with `crate`, `self` or `super`. Names are followed through re-exports to the module that defines them.
//! A module that names its own submodules is no edge: it is made of them. Test modules do not count.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use syn::{Attribute, Item, ItemMod, ItemUse, UseTree, visit::Visit};

/// A module by its path from the crate's root, which is empty.
type ModulePath = Vec<String>;

#[derive(Debug, Default)]
struct Module {
    /// What it imports or re-exports: the name here, and the path as written.
    imports: Vec<(String, Vec<String>)>,
    /// Other paths in its code.
    paths: BTreeSet<Vec<String>>,
}

/// The modules of one crate.
#[derive(Debug, Default)]
pub struct Modules(BTreeMap<ModulePath, Module>);

impl Modules {
    /// Reads the crate whose `lib.rs` stands in `src`.
    pub fn read(src: &Path) -> Self {
        let mut modules = Self::default();
        modules.read_file(&src.join("lib.rs"), src, Vec::new());
        modules
    }

    /// A crate that is written in one text.
    pub fn parse(text: &str) -> Self {
        let mut modules = Self::default();
        let parsed = syn::parse_file(text).unwrap();
        modules.read_items(&parsed.items, Path::new(""), Vec::new());
        modules
    }

    fn read_file(&mut self, file: &Path, directory: &Path, path: ModulePath) {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.read_items(&parsed.items, directory, path);
    }

    fn read_items(&mut self, items: &[Item], directory: &Path, path: ModulePath) {
        let mut module = Module::default();
        for item in items.iter().filter(|item| !is_test(attributes(item))) {
            match item {
                Item::Mod(inner) => self.read_submodule(inner, directory, &path),
                Item::Use(import) => flatten(&import.tree, &mut Vec::new(), &mut module.imports),
                other => Paths(&mut module).visit_item(other),
            }
        }
        self.0.insert(path, module);
    }

    fn read_submodule(&mut self, inner: &ItemMod, directory: &Path, parent: &ModulePath) {
        let name = inner.ident.to_string();
        let path = [parent.as_slice(), std::slice::from_ref(&name)].concat();
        let below = directory.join(&name);
        if let Some((_, items)) = &inner.content {
            self.read_items(items, &below, path);
            return;
        }
        let beside = directory.join(format!("{name}.rs"));
        let file = if beside.exists() { beside } else { below.join("mod.rs") };
        self.read_file(&file, &below, path);
    }

    /// The module that defines what `path`, written in `from`, names; `None` if it is of another crate.
    fn resolve(&self, from: &ModulePath, path: &[String], depth: usize) -> Option<ModulePath> {
        let mut at = from.clone();
        let mut rest = path;
        match path.first().map(String::as_str)? {
            "crate" => (at, rest) = (Vec::new(), &path[1..]),
            "self" => rest = &path[1..],
            "super" => {}
            first => {
                let is_child = self.0.contains_key(&[at.as_slice(), &[first.to_owned()]].concat());
                let is_import = self.0[from].imports.iter().any(|(name, target)| name == first && target.len() > 1);
                let is_ours = is_child || (is_import && path.len() > 1);
                if !is_ours {
                    return None;
                }
            }
        }
        while let Some((segment, tail)) = rest.split_first() {
            if segment == "super" {
                at.pop();
                rest = tail;
                continue;
            }
            let child = [at.as_slice(), std::slice::from_ref(segment)].concat();
            if self.0.contains_key(&child) {
                at = child;
                rest = tail;
                continue;
            }
            let import = self.0[&at].imports.iter().find(|(name, target)| name == segment && target.as_slice() != path);
            return match import {
                Some((_, target)) if depth < 8 => {
                    let full = [target.as_slice(), tail].concat();
                    // Nothing of ours behind it: it is re-exported from another crate here.
                    self.resolve(&at, &full, depth + 1).or(Some(at))
                }
                _ => Some(at),
            };
        }
        Some(at)
    }

    fn edges(&self) -> BTreeMap<&ModulePath, BTreeSet<ModulePath>> {
        let mut edges = BTreeMap::new();
        for (path, module) in &self.0 {
            let named = module.imports.iter().map(|(_, target)| target).chain(&module.paths);
            let targets = named.filter_map(|target| self.resolve(path, target, 0));
            // What a module is made of is part of it, and `use super::*` of a part leads to the whole.
            let targets = targets.filter(|target| !target.starts_with(path)).collect::<BTreeSet<_>>();
            edges.insert(path, targets);
        }
        edges
    }

    /// The circles: sets of modules each of which leads to all others of its set, by name and in order.
    pub fn circles(&self) -> Vec<Vec<String>> {
        let edges = self.edges();
        let reach = |start: &ModulePath| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![start.clone()]);
            while let Some(path) = open.pop() {
                for next in edges.get(&path).into_iter().flatten() {
                    if seen.insert(next.clone()) {
                        open.push(next.clone());
                    }
                }
            }
            seen
        };
        let reached: BTreeMap<&ModulePath, BTreeSet<ModulePath>> =
            self.0.keys().map(|path| (path, reach(path))).collect();
        let mut circles = BTreeSet::new();
        for (path, targets) in &reached {
            if targets.contains(*path) {
                let circle: Vec<String> =
                    targets.iter().filter(|other| reached[other].contains(*path)).map(|path| path.join("::")).collect();
                circles.insert(circle);
            }
        }
        circles.into_iter().collect()
    }
}

/// Collects the paths in code that start in this crate.
struct Paths<'a>(&'a mut Module);

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 && path.leading_colon.is_none() {
            self.0.paths.insert(segments);
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, import: &'ast ItemUse) {
        flatten(&import.tree, &mut Vec::new(), &mut self.0.imports);
    }
}

fn flatten(tree: &UseTree, prefix: &mut Vec<String>, imports: &mut Vec<(String, Vec<String>)>) {
    let full = |prefix: &[String], last: &str| match last {
        "self" => prefix.to_vec(),
        last => [prefix, &[last.to_owned()]].concat(),
    };
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            flatten(&path.tree, prefix, imports);
            prefix.pop();
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, prefix, imports)),
        UseTree::Name(name) => {
            let target = full(prefix, &name.ident.to_string());
            imports.push((target.last().cloned().unwrap_or_default(), target));
        }
        UseTree::Rename(rename) => imports.push((rename.rename.to_string(), full(prefix, &rename.ident.to_string()))),
        UseTree::Glob(_) => imports.push(("*".to_owned(), prefix.clone())),
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string().contains("test"))
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
