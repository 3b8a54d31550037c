//! Secrets in one file, encrypted with age, which its own tools can read too.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use age::secrecy::{ExposeSecret, SecretString};
use age::{scrypt, x25519};
use component::Secret;
use zeroize::Zeroizing;

use super::{Store, check_name, check_secret};
use crate::{Error, Result};

/// A file of secrets, encrypted with age. Inside it is a JSON object of names and secrets.
///
/// It is read anew whenever it is asked and replaced whole, under a lock, so several processes can
/// share it.
pub struct Sealed {
    path: PathBuf,
    seal: Seal,
    work_factor: Option<u8>,
}

/// What opens and closes the file.
#[derive(Clone, Debug)]
pub enum Seal {
    /// A passphrase; opening takes about a second of work, on purpose.
    Passphrase(Secret),
    /// A file with an age identity, as [`new_key`] or `age-keygen` make it.
    KeyFile(PathBuf),
}

type Secrets = BTreeMap<String, Zeroizing<String>>;

const MAX_FILE: u64 = 4 << 20;
const MAX_KEY_FILE: u64 = 64 << 10;

impl Sealed {
    /// The file at this path; made when the first secret is kept.
    pub fn new(path: &Path, seal: Seal) -> Self {
        Self { path: path.to_owned(), seal, work_factor: None }
    }

    /// With a passphrase that is cheap to try: for tests.
    #[must_use]
    pub fn with_work_factor(self, work_factor: u8) -> Self {
        Self { work_factor: Some(work_factor), ..self }
    }

    fn failed(&self, what: &str, why: impl std::fmt::Display) -> Error {
        Error::Store(format!("cannot {what} the sealed store {}: {why}", self.path.display()))
    }

    fn read(&self) -> Result<Secrets> {
        let bytes = match read_at_most(&self.path, MAX_FILE) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Secrets::new()),
            Err(error) => return Err(self.failed("read", error)),
        };
        let opened = match &self.seal {
            Seal::Passphrase(passphrase) => {
                age::decrypt(&scrypt::Identity::new(words(passphrase)), &bytes)
            }
            Seal::KeyFile(path) => age::decrypt(&identity(path)?, &bytes),
        };
        let opened = opened.map(Zeroizing::new).map_err(|error| match error {
            age::DecryptError::NoMatchingKeys
            | age::DecryptError::KeyDecryptionFailed
            | age::DecryptError::DecryptionFailed => {
                self.failed("open", "the passphrase or key is not the one it was sealed with")
            }
            error => self.failed("open", error),
        })?;
        let all: BTreeMap<String, String> = serde_json::from_slice(&opened)
            .map_err(|_| self.failed("read", "inside is no JSON object of names and secrets"))?;
        Ok(all.into_iter().map(|(name, secret)| (name, Zeroizing::new(secret))).collect())
    }

    fn write(&self, secrets: &Secrets) -> Result<()> {
        let plain: BTreeMap<_, _> = secrets.iter().map(|(name, s)| (name, s.as_str())).collect();
        let plain = serde_json::to_vec(&plain).map_err(|error| self.failed("write", error))?;
        let plain = Zeroizing::new(plain);
        let sealed = match &self.seal {
            Seal::Passphrase(passphrase) => {
                let mut recipient = scrypt::Recipient::new(words(passphrase));
                if let Some(work_factor) = self.work_factor {
                    recipient.set_work_factor(work_factor);
                }
                age::encrypt(&recipient, &plain)
            }
            Seal::KeyFile(path) => age::encrypt(&identity(path)?.to_public(), &plain),
        };
        let sealed = sealed.map_err(|error| self.failed("seal", error))?;
        self.replace(&sealed).map_err(|error| self.failed("write", error))
    }

    /// Whole or not at all: whoever reads sees the old file or the new one.
    fn replace(&self, bytes: &[u8]) -> std::io::Result<()> {
        let next = self.beside("next");
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&next)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&next, &self.path)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{ending}"));
        name.into()
    }

    /// Changes what is inside while nobody else does.
    fn change<T>(&self, work: impl FnOnce(&mut Secrets) -> T) -> Result<T> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(|error| self.failed("make", error))?;
        }
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.beside("lock"))
            .map_err(|error| self.failed("lock", error))?;
        lock.lock().map_err(|error| self.failed("lock", error))?;
        let mut secrets = self.read()?;
        let done = work(&mut secrets);
        self.write(&secrets)?;
        Ok(done)
    }
}

impl Store for Sealed {
    fn get(&self, name: &str) -> Result<Option<Secret>> {
        Ok(self.read()?.remove(name).map(|secret| Secret::new(secret.as_str())))
    }

    fn set(&self, name: &str, secret: &Secret) -> Result<()> {
        check_name(name)?;
        check_secret(secret)?;
        let value = Zeroizing::new(secret.expose().to_owned());
        self.change(|secrets| drop(secrets.insert(name.to_owned(), value)))
    }

    fn remove(&self, name: &str) -> Result<bool> {
        self.change(|secrets| secrets.remove(name).is_some())
    }

    fn names(&self) -> Result<Vec<String>> {
        Ok(self.read()?.into_keys().collect())
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealed({:?})", self.path)
    }
}

fn words(passphrase: &Secret) -> SecretString {
    SecretString::from(passphrase.expose().to_owned())
}

fn read_at_most(path: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(std::io::Error::other(format!("it is larger than {limit} bytes")));
    }
    Ok(bytes)
}

fn identity(path: &Path) -> Result<x25519::Identity> {
    let failed =
        |why: &str| Error::Store(format!("cannot read the key file {}: {why}", path.display()));
    let bytes = read_at_most(path, MAX_KEY_FILE).map_err(|error| failed(&error.to_string()))?;
    let bytes = Zeroizing::new(bytes);
    let text = std::str::from_utf8(&bytes).map_err(|_| failed("it is no text"))?;
    let mut keys = text.lines().map(str::trim).filter(|line| line.starts_with("AGE-SECRET-KEY-"));
    let key = keys.next().ok_or_else(|| failed("it has no line AGE-SECRET-KEY-..."))?;
    x25519::Identity::from_str(key).map_err(|_| failed("its key is damaged"))
}

/// Makes a key file that only its owner can read; an existing one stays. Gives its public half.
pub fn new_key(path: &Path) -> Result<String> {
    let failed = |error: std::io::Error| {
        Error::Store(format!("cannot make the key file {}: {error}", path.display()))
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let identity = x25519::Identity::generate();
    let public = identity.to_public().to_string();
    let secret = identity.to_string();
    let text = Zeroizing::new(format!("# public key: {public}\n{}\n", secret.expose_secret()));
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    Ok(public)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn check(store: &Sealed) {
        let secret = |text: &str| Secret::new(text);
        assert_eq!(store.get("a").unwrap(), None);
        store.set("a", &secret("hunter2")).unwrap();
        store.set("b/c", &secret("x")).unwrap();
        store.set("a", &secret("hunter3")).unwrap();
        assert_eq!(store.get("a").unwrap(), Some(secret("hunter3")));
        assert_eq!(store.names().unwrap(), ["a", "b/c"]);
        assert!(store.remove("b/c").unwrap());
        assert!(!store.remove("b/c").unwrap());
        assert_eq!(store.names().unwrap(), ["a"]);
        let bytes = fs::read(&store.path).unwrap();
        assert!(bytes.starts_with(b"age-encryption.org/v1\n"));
        assert!(!bytes.windows(7).any(|window| window.starts_with(b"hunter")));
        let mode = fs::metadata(&store.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_passphrase_seals() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/store.age");
        let with = |passphrase: &str| {
            Sealed::new(&path, Seal::Passphrase(Secret::new(passphrase))).with_work_factor(2)
        };
        check(&with("open sesame"));
        let error = with("open barley").get("a").unwrap_err().to_string();
        assert!(error.contains("not the one it was sealed with"), "{error}");
    }

    #[test]
    fn a_key_file_seals() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("store.age"), folder.path().join("key"));
        assert!(new_key(&key).unwrap().starts_with("age1"));
        assert!(new_key(&key).is_err(), "a second key would shut us out");
        check(&Sealed::new(&path, Seal::KeyFile(key)));
        let other = folder.path().join("other");
        new_key(&other).unwrap();
        assert!(Sealed::new(&path, Seal::KeyFile(other)).get("a").is_err());
        let damaged = folder.path().join("damaged");
        fs::write(&damaged, "AGE-SECRET-KEY-1HUNTER2").unwrap();
        let error = Sealed::new(&path, Seal::KeyFile(damaged)).get("a").unwrap_err().to_string();
        assert!(!error.contains("HUNTER2"), "{error}");
    }

    #[test]
    fn a_damaged_file_is_not_taken_for_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("store.age"), folder.path().join("key"));
        new_key(&key).unwrap();
        let store = Sealed::new(&path, Seal::KeyFile(key));
        store.set("a", &Secret::new("b")).unwrap();
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(&path, &bytes).unwrap();
            assert!(store.get("a").is_err(), "byte {at}");
            assert!(store.set("a", &Secret::new("c")).is_err(), "byte {at}");
        }
        fs::write(&path, &whole).unwrap();
        assert_eq!(store.get("a").unwrap(), Some(Secret::new("b")));
    }

    #[test]
    fn writers_do_not_overwrite_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("store.age"), folder.path().join("key"));
        new_key(&key).unwrap();
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let (path, key) = (path.clone(), key.clone());
                scope.spawn(move || {
                    let store = Sealed::new(&path, Seal::KeyFile(key));
                    for number in 0..5 {
                        store.set(&format!("{writer}.{number}"), &Secret::new("x")).unwrap();
                    }
                });
            }
        });
        let store = Sealed::new(&path, Seal::KeyFile(key));
        assert_eq!(store.names().unwrap().len(), 20);
    }
}
