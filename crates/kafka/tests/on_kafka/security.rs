//! A broker that wants TLS and a password or a token.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use kafka::{Cluster, Error, Protocol, SaslMechanism, Secret, Security, Settings, TopicSpec};

use crate::{PATIENCE, committed_on, numbered, record};

/// Ends the broker and removes its folder when we end, by whatever cause: then `read` sees the end
/// of its input.
const LEASH: &str = r#"
dir=$1
shift
"$@" </dev/null &
read -r _
kill -KILL $!
wait
rm -rf -- "$dir"
"#;

const ALIAS: &str = "broker";
const STORE_PASSWORD: &str = "only-for-this-test";

struct Guarded {
    address: String,
    dir: PathBuf,
    _leash: Child,
}

impl Guarded {
    fn shared() -> &'static Guarded {
        static SHARED: OnceLock<Guarded> = OnceLock::new();
        SHARED.get_or_init(Guarded::start)
    }

    fn start() -> Guarded {
        let dir = tempfile::tempdir().unwrap().keep();
        certify(&dir);
        let [client, internal, controller] = free_ports();
        let properties = properties(&dir, client, internal, controller);
        let config = dir.join("server.properties");
        fs::write(&config, properties).unwrap();
        let formatted = local_kafka::shared()
            .tool("kafka.tools.StorageTool")
            .args(["format", "--cluster-id=AAAAAAAAAAAAAAAAAAAAAA", "--config"])
            .arg(&config)
            .output()
            .unwrap();
        assert!(formatted.status.success(), "{formatted:?}");

        let mut broker = local_kafka::shared().tool("kafka.Kafka");
        broker.arg(&config);
        let log = fs::File::create(dir.join("out")).unwrap();
        let leash = Command::new("sh")
            .args(["-c", LEASH, "sh"])
            .arg(&dir)
            .arg(broker.get_program())
            .args(broker.get_args())
            .current_dir(&dir)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let guarded = Guarded { address: format!("127.0.0.1:{client}"), dir, _leash: leash };
        let known = Cluster::new(Settings {
            security: Some(guarded.password("secret")),
            ..Settings::plain(&guarded.address)
        });
        if let Err(error) = known.check(PATIENCE) {
            let log = fs::read_to_string(guarded.dir.join("out")).unwrap();
            panic!("{error}\n{log}");
        }
        guarded
    }

    fn cluster(&self, security: Security) -> Cluster {
        Cluster::new(Settings { security: Some(security), ..Settings::plain(&self.address) })
    }

    fn security(&self, mechanism: SaslMechanism) -> Security {
        Security {
            protocol: Protocol::SaslSsl,
            sasl_mechanism: Some(mechanism),
            username: None,
            password: None,
            token_path: None,
            ca_path: Some(self.dir.join("ca.pem")),
            certificate_path: None,
            key_path: None,
            key_password: None,
        }
    }

    fn password(&self, password: &str) -> Security {
        Security {
            username: Some("alice".to_owned()),
            password: Some(Secret::new(password)),
            ..self.security(SaslMechanism::Plain)
        }
    }

    fn token(&self, file: &str, claims: &str) -> Security {
        let path = self.dir.join(file);
        fs::write(&path, format!("{}.{}.\n", base64(r#"{"alg":"none"}"#), base64(claims))).unwrap();
        Security { token_path: Some(path), ..self.security(SaslMechanism::OauthBearer) }
    }
}

/// A key for the broker, and its certificate for the clients.
fn certify(dir: &Path) {
    keytool(
        dir,
        &["-genkeypair", "-keyalg", "RSA", "-validity", "2", "-dname", "CN=broker"],
        |c| c.args(["-ext", "san=ip:127.0.0.1"]),
    );
    keytool(dir, &["-exportcert", "-rfc", "-file", "ca.pem"], |c| c);
}

fn keytool(dir: &Path, arguments: &[&str], more: fn(&mut Command) -> &mut Command) {
    // Beside the java that runs the broker, or on the path as that is.
    let java = PathBuf::from(local_kafka::shared().tool("unused").get_program());
    let mut command = Command::new(java.with_file_name("keytool"));
    command.args(arguments).args([
        "-alias",
        ALIAS,
        "-keystore",
        "keys.p12",
        "-storetype",
        "PKCS12",
    ]);
    command.args(["-storepass", STORE_PASSWORD]).current_dir(dir);
    let output = more(&mut command).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Held together until all are known, so that they differ.
fn free_ports() -> [u16; 3] {
    [(); 3]
        .map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap())
        .map(|listener| listener.local_addr().unwrap().port())
}

fn properties(dir: &Path, client: u16, internal: u16, controller: u16) -> String {
    let dir = dir.display();
    let security = "org.apache.kafka.common.security";
    format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
inter.broker.listener.name=INTERNAL
listeners=CLIENT://127.0.0.1:{client},INTERNAL://127.0.0.1:{internal},\
CONTROLLER://127.0.0.1:{controller}
advertised.listeners=CLIENT://127.0.0.1:{client},INTERNAL://127.0.0.1:{internal}
listener.security.protocol.map=CLIENT:SASL_SSL,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT
sasl.enabled.mechanisms=PLAIN,OAUTHBEARER
listener.name.client.plain.sasl.jaas.config={security}.plain.PlainLoginModule required \
user_alice=\"secret\";
listener.name.client.oauthbearer.sasl.jaas.config=\
{security}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"broker\";
ssl.keystore.location={dir}/keys.p12
ssl.keystore.type=PKCS12
ssl.keystore.password={STORE_PASSWORD}
log.dirs={dir}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
"
    )
}

/// Base64 for URLs, without padding.
fn base64(text: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut encoded = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bytes = [chunk[0], *chunk.get(1).unwrap_or(&0), *chunk.get(2).unwrap_or(&0)];
        let bits = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]);
        for position in 0..=chunk.len() {
            encoded.push(ALPHABET[(bits >> (18 - 6 * position) & 63) as usize] as char);
        }
    }
    encoded
}

/// Every kind of client, over the guarded listener.
fn work(cluster: &Cluster, topic: &str) {
    cluster.admin().unwrap().create_topics(&[TopicSpec::new(topic, 1)]).unwrap();
    let mut pipeline = cluster.pipeline().unwrap();
    pipeline.send(&record(topic, 0, "n.0")).unwrap();
    pipeline.flush(PATIENCE).unwrap();
    let mut transactions = cluster.transactions(topic).unwrap();
    transactions.begin().unwrap();
    transactions.send(&record(topic, 0, "n.1")).unwrap();
    transactions.commit().unwrap();
    assert_eq!(committed_on(cluster, topic), numbered("n", 2));
    let mut group = cluster.group(topic, &[topic]).unwrap();
    crate::eventually("records in the group", || {
        matches!(group.next(1, Duration::from_millis(50)).unwrap(), kafka::Polled::Messages(_))
            .then_some(())
    });
}

#[test]
fn a_password_over_tls_opens_every_door() {
    let guarded = Guarded::shared();
    work(&guarded.cluster(guarded.password("secret")), "with-password");
}

#[test]
fn a_token_from_a_file_opens_every_door() {
    let guarded = Guarded::shared();
    // The broker checks the times against its clock: issued long ago, valid for long.
    let claims = r#"{"sub":"alice","iat":1700000000,"exp":4000000000}"#;
    work(&guarded.cluster(guarded.token("token", claims)), "with-token");
}

#[test]
fn a_wrong_password_is_told_at_once_and_never_shown() {
    let guarded = Guarded::shared();
    let cluster = guarded.cluster(guarded.password("hunter2"));
    let start = std::time::Instant::now();
    let topic = ["t"];
    let errors = [
        cluster.check(PATIENCE).err().unwrap(),
        cluster.transactions("id").err().unwrap(),
        cluster.reader().unwrap().partitions(topic[0]).err().unwrap(),
    ];
    assert!(start.elapsed() < Duration::from_secs(20), "it waited {:?}", start.elapsed());
    for error in errors {
        assert!(matches!(error, Error::Unauthorized { .. }), "{error:?}");
        let shown = format!("{error} {error:?} {cluster:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    let mut group = cluster.group("g", &topic).unwrap();
    let error = crate::eventually("the refusal", || group.next(1, Duration::from_secs(1)).err());
    assert!(matches!(error, Error::Unauthorized { .. }), "{error:?}");
    let mut pipeline = cluster.pipeline().unwrap();
    pipeline.send(&record(topic[0], 0, "x")).unwrap();
    let error = pipeline.flush(Duration::from_secs(2)).unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error:?}");
}

#[test]
fn a_token_file_that_holds_none_is_named() {
    let guarded = Guarded::shared();
    let mut security = guarded.token("not-a-token", "{}");
    let error = guarded.cluster(security.clone()).check(PATIENCE).unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error:?}");
    assert!(error.to_string().contains("not-a-token"), "{error}");
    security.token_path = Some(guarded.dir.join("missing"));
    let error = guarded.cluster(security).pipeline().err().unwrap();
    assert!(error.to_string().contains("missing"), "{error}");
}

#[test]
fn a_broker_that_we_cannot_trust_is_refused_with_the_reason() {
    let guarded = Guarded::shared();
    let mut security = guarded.password("secret");
    security.ca_path = None;
    let error = guarded.cluster(security.clone()).check(Duration::from_secs(3)).unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("certificate verify failed"), "{error}");

    let broken = guarded.dir.join("broken.pem");
    fs::File::create(&broken).unwrap().write_all(b"no certificate").unwrap();
    security.ca_path = Some(broken);
    let error = guarded.cluster(security).check(Duration::from_secs(3)).unwrap_err();
    assert!(error.to_string().contains("ssl.ca.location"), "{error}");
}
