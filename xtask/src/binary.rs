//! The binary, built and asked: `xtask` itself links no vendor.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use cargo_metadata::MetadataCommand;

/// Builds `foliostream` as it is for tests and says where it lies.
pub fn build(root: &Path) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--package", "foliostream", "--bin", "foliostream"])
        .current_dir(root)
        // Set by the cargo that runs us, and a reason for build scripts to run again: all that
        // rests on them would be built twice over, once for each way to call cargo.
        .env_remove("CARGO_MANIFEST_DIR")
        .status()
        .context("running cargo build")?;
    if !status.success() {
        bail!("foliostream does not build");
    }
    let metadata = MetadataCommand::new().no_deps().current_dir(root).exec()?;
    let name = format!("foliostream{}", std::env::consts::EXE_SUFFIX);
    Ok(metadata.target_directory.join("debug").join(name).into())
}
