//! Secrets in environment variables, as containers are given them.

use component::Secret;

use super::{Store, check_name, read_only};
use crate::Result;

/// `alpaca/key` is in the variable `PREFIXALPACA_KEY`.
pub struct Environment {
    prefix: String,
}

impl Environment {
    /// Variables that begin with this.
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    fn variable(&self, name: &str) -> String {
        let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        format!("{}{}", self.prefix, name.chars().map(word).collect::<String>())
    }
}

impl Store for Environment {
    fn get(&self, name: &str) -> Result<Option<Secret>> {
        check_name(name)?;
        Ok(std::env::var(self.variable(name)).ok().filter(|text| !text.is_empty()).map(Secret::new))
    }

    fn set(&self, name: &str, _: &Secret) -> Result<()> {
        Err(read_only(&format!("the variable {:?}", self.variable(name))))
    }

    fn remove(&self, name: &str) -> Result<bool> {
        Err(read_only(&format!("the variable {:?}", self.variable(name))))
    }

    /// The variables that begin with the prefix; none without one, for they would be all.
    fn names(&self) -> Result<Vec<String>> {
        if self.prefix.is_empty() {
            return Ok(Vec::new());
        }
        let all = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        let ours = all.filter_map(|name| Some(name.strip_prefix(&self.prefix)?.to_lowercase()));
        let mut names: Vec<_> = ours.filter(|name| !name.is_empty()).collect();
        names.sort_unstable();
        Ok(names)
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Environment({:?})", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_name_becomes_a_variable() {
        let store = Environment::new("FS_");
        assert_eq!(store.variable("alpaca/key-1"), "FS_ALPACA_KEY_1");
        let cargo = Environment::new("CARGO_");
        assert_eq!(cargo.get("pkg/name").unwrap().unwrap().expose(), "credentials");
        assert!(cargo.names().unwrap().contains(&"pkg_name".to_owned()));
        assert_eq!(cargo.get("no_such").unwrap(), None);
        assert!(store.set("x", &Secret::new("y")).is_err());
    }
}
