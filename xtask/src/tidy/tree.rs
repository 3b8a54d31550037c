//! What the rules look at: tracked files, parsed Rust, the dependency graph.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use cargo_metadata::{DependencyKind, MetadataCommand};
use serde::Deserialize;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// Files larger than this are data, not text that somebody wrote.
const MAX_FILE_BYTES: u64 = 2 << 20;

/// Connectors that speak to whatever the topology says, and so to no vendor.
pub(super) const GENERIC: [&str; 3] = ["declared", "external", "files"];

/// The workspace.
#[derive(Default)]
pub(super) struct Tree {
    /// Tracked text files and those about to be.
    pub files: Vec<File>,
    /// Packages of the workspace and everything they depend on.
    pub packages: Vec<Package>,
}

/// A text file.
pub(super) struct File {
    /// Path below the root, with `/`.
    pub path: String,
    pub text: String,
    /// Set for Rust that could be parsed.
    pub rust: Option<Rust>,
}

/// A parsed Rust file.
pub(super) struct Rust {
    pub syntax: syn::File,
    /// Lines of items that only tests see.
    tests: Vec<RangeInclusive<usize>>,
}

/// A package of ours or of others.
#[derive(Clone, Debug, Default)]
pub(super) struct Package {
    pub name: String,
    pub version: String,
    pub license: String,
    /// Folder of a package of ours, below the root.
    pub folder: Option<String>,
    /// Whether it comes from crates.io; a package of ours need not.
    pub is_from_registry: bool,
    pub dependencies: Vec<Dependency>,
}

/// An edge of the dependency graph.
#[derive(Clone, Debug)]
pub(super) struct Dependency {
    pub name: String,
    /// Only for tests, examples and benchmarks.
    pub is_dev: bool,
}

impl Tree {
    /// The workspace in this folder.
    pub fn read(root: &Path) -> Result<Self> {
        let mut files = Vec::new();
        for path in tracked(root)? {
            let full = root.join(&path);
            let Ok(metadata) = full.symlink_metadata() else { continue }; // removed, not committed
            if !metadata.is_file() || metadata.len() > MAX_FILE_BYTES {
                continue;
            }
            let bytes = std::fs::read(&full).with_context(|| format!("reading {path}"))?;
            if let Ok(text) = String::from_utf8(bytes) {
                files.push(File::new(path, text)?);
            }
        }
        Ok(Self { files, packages: packages(root)? })
    }

    /// The Rust files with their syntax.
    pub fn rust(&self) -> impl Iterator<Item = (&File, &Rust)> {
        self.files.iter().filter_map(|file| Some((file, file.rust.as_ref()?)))
    }

    /// Packages of the workspace.
    pub fn ours(&self) -> impl Iterator<Item = (&Package, &str)> {
        self.packages.iter().filter_map(|package| Some((package, package.folder.as_deref()?)))
    }

    /// Names of the connectors that speak to one vendor.
    pub fn vendors(&self) -> Vec<&str> {
        let folders = self.ours().filter_map(|(_, folder)| folder.strip_prefix("connectors/"));
        folders.filter(|name| !GENERIC.contains(name)).collect()
    }
}

impl File {
    pub fn new(path: String, text: String) -> Result<Self> {
        // A template is no Rust until its blanks are filled in.
        let is_rust = path.ends_with(".rs") && !path.contains("/templates/");
        let rust = is_rust.then(|| Rust::parse(&path, &text)).transpose()?;
        Ok(Self { path, text, rust })
    }

    /// Lines with their numbers from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

impl Rust {
    fn parse(path: &str, text: &str) -> Result<Self> {
        let syntax = syn::parse_file(text).with_context(|| format!("parsing {path}"))?;
        let mut finder = TestFinder::default();
        let names = ["tests", "examples", "benches", "fuzz"];
        let mut parts = path.split('/');
        let name = parts.next_back().unwrap_or_default();
        if parts.any(|part| names.contains(&part)) || name == "tests.rs" || name == "cases.rs" {
            finder.tests.push(1..=usize::MAX);
        }
        finder.visit_file(&syntax);
        Ok(Self { syntax, tests: finder.tests })
    }

    /// Whether only tests see this line.
    pub fn is_test(&self, line: usize) -> bool {
        self.tests.iter().any(|range| range.contains(&line))
    }
}

/// Finds what stands under `#[cfg(test)]`.
#[derive(Default)]
struct TestFinder {
    tests: Vec<RangeInclusive<usize>>,
}

impl TestFinder {
    fn note(&mut self, attributes: &[syn::Attribute], item: &impl Spanned) {
        let is_test = |attribute: &syn::Attribute| {
            attribute.path().is_ident("test")
                || attribute.path().is_ident("cfg")
                    && attribute
                        .parse_args::<syn::Ident>()
                        .is_ok_and(|condition| condition == "test")
        };
        if attributes.iter().any(is_test) {
            let span = item.span();
            self.tests.push(span.start().line..=span.end().line);
        }
    }
}

impl<'ast> Visit<'ast> for TestFinder {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.note(&item.attrs, item);
        visit::visit_item_mod(self, item);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.note(&item.attrs, item);
        visit::visit_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        self.note(&item.attrs, item);
        visit::visit_item_impl(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.note(&item.attrs, item);
        visit::visit_impl_item_fn(self, item);
    }
}

/// Files that git tracks or would.
fn tracked(root: &Path) -> Result<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("running git ls-files")?;
    if !output.status.success() {
        bail!("git ls-files: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let names = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
    let mut names: Vec<String> =
        names.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// Packages that are compiled for one of the targets, with the edges that are really taken: an
/// optional dependency that nobody asks for is none.
fn packages(root: &Path) -> Result<Vec<Package>> {
    let targets = targets(root)?;
    let compiled = compiled(root, &targets)?;
    let filters = targets.iter().flat_map(|target| ["--filter-platform", target.as_str()]);
    let mut command = MetadataCommand::new();
    command.current_dir(root).other_options(filters.map(str::to_owned).collect::<Vec<_>>());
    let metadata = command.exec().context("running cargo metadata")?;
    let resolve = metadata.resolve.as_ref().context("cargo metadata has not resolved anything")?;
    let ours = |package: &cargo_metadata::Package| {
        let folder = package.manifest_path.parent()?.strip_prefix(&metadata.workspace_root).ok()?;
        let is_member = metadata.workspace_members.contains(&package.id);
        is_member.then(|| folder.as_str().replace('\\', "/"))
    };
    let dependencies = |package: &cargo_metadata::Package| {
        let node = resolve.nodes.iter().find(|node| node.id == package.id);
        let mut dependencies = Vec::new();
        for edge in node.into_iter().flat_map(|node| &node.deps) {
            let name = &metadata[&edge.pkg].name;
            dependencies.extend(edge.dep_kinds.iter().map(|kind| Dependency {
                name: name.to_string(),
                is_dev: kind.kind == DependencyKind::Development,
            }));
        }
        dependencies
    };
    let package = |package: &cargo_metadata::Package| Package {
        name: package.name.to_string(),
        version: package.version.to_string(),
        license: package.license.clone().unwrap_or_default(),
        folder: ours(package),
        is_from_registry: package.source.as_ref().is_some_and(|s| s.is_crates_io()),
        dependencies: dependencies(package),
    };
    let is_compiled = |package: &Package| {
        let name = format!("{} v{}", package.name, package.version);
        package.folder.is_some() || compiled.contains(&name)
    };
    Ok(metadata.packages.iter().map(package).filter(is_compiled).collect())
}

/// The targets of `deny.toml`; without any, cargo takes the machine's own.
fn targets(root: &Path) -> Result<Vec<String>> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Config {
        graph: Graph,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Graph {
        targets: Vec<String>,
    }
    let text = std::fs::read_to_string(root.join("deny.toml")).unwrap_or_default();
    let config: Config = toml::from_str(&text).context("reading deny.toml")?;
    Ok(config.graph.targets)
}

/// What cargo compiles for these targets. `cargo metadata` unites features over all targets there
/// are, so that only `cargo tree` knows.
fn compiled(root: &Path, targets: &[String]) -> Result<BTreeSet<String>> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root).args(["tree", "--workspace", "--prefix", "none"]);
    command.args(["--format", "{p}"]);
    for target in targets {
        command.args(["--target", target]);
    }
    let output = command.output().context("running cargo tree")?;
    if !output.status.success() {
        bail!("cargo tree: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let text = String::from_utf8(output.stdout).context("cargo tree does not speak UTF-8")?;
    let name = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    Ok(text.lines().map(name).collect())
}
