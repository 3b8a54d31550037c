//! .
pub fn run(_: &std::path::Path, _: &[&str]) -> anyhow::Result<()> {
    Ok(())
}
