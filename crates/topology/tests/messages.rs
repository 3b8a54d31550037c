//! What users read when a topology is wrong: every mistake, at its line and column.

mod common;

use common::{check, check_trades, read};

#[test]
fn four_mistakes_are_found_in_one_run() {
    let text = "\
systems:
  acme:
    authentication:
      credentials: { api_key: \"${ACME_KEE}\" }
    features:
      trades:
        symbol: [AAPL]
        poll_secs: often
  paper:
    connector: acmee
";
    check(
        text,
        &[
            "t.yaml:4:31: systems.acme.authentication.credentials.api_key: variable \"ACME_KEE\" \
             is not set; set it or write ${ACME_KEE:-default}",
            "t.yaml:7:9: systems.acme.features.trades: unknown field \"symbol\"; \
             did you mean \"symbols\"?",
            "t.yaml:8:20: systems.acme.features.trades.poll_secs: expected an integer, \
             found the string \"often\"",
            "t.yaml:10:16: systems.paper.connector: unknown connector \"acmee\"; \
             did you mean \"acme\"?",
        ],
    );
}

#[test]
fn settings_of_the_wrong_shape() {
    let at = "systems.acme.features.trades";
    let check = |settings: &str, expected: &[&str]| {
        let expected: Vec<String> = expected.iter().map(|e| e.replace("AT", at)).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check_trades(settings, &expected);
    };
    check("        symbols: [AAPL]\n", &[]);
    check("        {}\n", &["t.yaml:6:9: AT: missing field \"symbols\": a list of strings"]);
    check(
        "        symbols: 5\n",
        &["t.yaml:6:18: AT.symbols: expected a list of strings, found the number 5"],
    );
    check(
        "        symbols: [AAPL, 0700, TRUE]\n",
        &[
            "t.yaml:6:25: AT.symbols[1]: expected a string, \
             found the number 0700; put it in quotes",
            "t.yaml:6:31: AT.symbols[2]: expected a string, \
             found the boolean true; put it in quotes",
        ],
    );
    check(
        "        symbols: []\n        poll_secs: \"5\"\n",
        &["t.yaml:7:20: AT.poll_secs: expected an integer, found the string \"5\"; \
           write it without quotes"],
    );
    check(
        "        symbols: []\n        poll_secs: -1\n",
        &["t.yaml:7:20: AT.poll_secs: the number -1 is too small; the least is 0"],
    );
    check(
        "        symbols: []\n        poll_secs: 5.0\n",
        &["t.yaml:7:20: AT.poll_secs: expected an integer, found the number 5.0"],
    );
    check(
        "        symbols: []\n        poll_secs: 99999999999999999999\n",
        &["t.yaml:7:20: AT.poll_secs: the number 99999999999999999999 is too large; \
             the most is 18446744073709551615"],
    );
    check(
        "        symbols: []\n        weights: [1.5, 0.1000000000000000000000001]\n",
        &["t.yaml:7:24: AT.weights[1]: the number 0.1000000000000000000000001 cannot be held \
           exactly; put it in quotes"],
    );
    check(
        "        symbols:\n",
        &["t.yaml:6:16: AT.symbols: expected a list of strings, found nothing"],
    );
    check("        5\n", &["t.yaml:6:9: AT: expected true, false or settings, found the number 5"]);
    check(
        "        symbols: []\n        rest_url: acme\n",
        &["t.yaml:7:19: AT.rest_url: expected a URL, found the string \"acme\": \
           relative URL without a base"],
    );
}

#[test]
fn settings_with_several_shapes() {
    let at = "systems.acme.features.trades";
    let check = |mode: &str, expected: &[&str]| {
        let expected: Vec<String> = expected.iter().map(|e| e.replace("AT", at)).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check_trades(&format!("        symbols: []\n        mode: {mode}\n"), &expected);
    };
    check("live", &[]);
    check("~", &[]);
    check("{ polled: { page_size: 5 } }", &[]);
    check("{ polled: { page_size: 5, token: ~ } }", &[]);
    check("liev", &["t.yaml:7:15: AT.mode: unknown value \"liev\"; did you mean \"live\"?"]);
    check("5", &["t.yaml:7:15: AT.mode: expected \"live\" or a mapping, found the number 5"]);
    check("[]", &["t.yaml:7:15: AT.mode: expected \"live\" or a mapping, found a list"]);
    check(
        "{ polled: { page: 5 } }",
        &["t.yaml:7:27: AT.mode.polled: unknown field \"page\"; did you mean \"page_size\"?"],
    );
    check(
        "{ pulled: { page_size: 5 } }",
        &["t.yaml:7:17: AT.mode: unknown field \"pulled\"; did you mean \"polled\"?"],
    );
}

#[test]
fn names_that_lead_nowhere() {
    check("sistems: {}\n", &["t.yaml:1:1: unknown section \"sistems\"; did you mean \"systems\"?"]);
    check(
        "processors: { valdate: true, book: on, validate: { symbols: x } }\n",
        &[
            "t.yaml:1:15: processors: unknown processor \"valdate\"; did you mean \"validate\"?",
            "t.yaml:1:36: processors.book: expected true, false or settings, \
             found the string \"on\"",
            "t.yaml:1:61: processors.validate.symbols: expected a list of strings, \
             found the string \"x\"",
        ],
    );
    check(
        "systems:\n  acmee: {}\n  interactive_brokers:\n    connection: {}\n    \
         authentication: {}\n    features: { market_dat: true, quotes: false }\n",
        &[
            "t.yaml:2:3: systems.acmee: unknown connector \"acmee\"; did you mean \"acme\"?",
            "t.yaml:6:17: systems.interactive_brokers.features: unknown feature \"market_dat\"; \
             did you mean \"market_data\"?",
        ],
    );
    check(
        "topics:\n  prefix: 'paper/'\n  partitions: { market.trade: 3, market: 6, default: 0 }\n",
        &[
            "t.yaml:2:11: topics.prefix: \"paper/\" cannot start a topic's name: at most 100 \
             letters, digits, \".\", \"_\" and \"-\"",
            "t.yaml:3:17: topics.partitions: unknown topic \"market.trade\"; did you mean \
             \"market.trades\"?",
            "t.yaml:3:54: topics.partitions.default: the number 0 is too small; the least is 1",
        ],
    );
}

#[test]
fn accounts_need_a_system_that_takes_orders() {
    let systems = "systems:
  interactive_brokers:
    connection: {}
    authentication: {}
    features: { order_execution: true }
  watching:
    connector: interactive_brokers
    connection: {}
    authentication: {}
    features: { market_data: true }
  prices:
    connector: alpha_vantage
    connection: {}
    authentication: {}
";
    let account = |system: &str| {
        format!("{systems}accounts:\n  main: {{ system: {system}, broker_account: U1 }}\n")
    };
    check(&account("interactive_brokers"), &[]);
    check(
        &account("interactive_broker"),
        &["t.yaml:16:19: accounts.main.system: unknown system \"interactive_broker\"; \
           did you mean \"interactive_brokers\"?"],
    );
    check(
        &account("watching"),
        &["t.yaml:16:19: accounts.main.system: system \"watching\" takes no orders: \
           switch on its feature \"order_execution\""],
    );
    check(
        &account("prices"),
        &["t.yaml:16:19: accounts.main.system: system \"prices\" takes no orders: \
           its connector \"alpha_vantage\" has no order sink"],
    );
    let off = account("watching").replace("connector:", "enabled: false\n    connector:");
    let topology = read(&off).unwrap();
    assert_eq!(
        topology.warnings[0].message,
        "system \"watching\" is switched off: no order of this account leaves"
    );
}

#[test]
fn jobs_need_a_schedule_and_a_system() {
    check(
        "data_import:
  scheduled_imports:
    - { source: acme, data_type: daily, schedule: '0 18 * *', destination: x }
data_export:
  scheduled_exports:
    - { data_type: p, format: jsn, schedule: '0 25 * * *', destination: 'http://example.com/' }
",
        &[
            "t.yaml:3:17: data_import.scheduled_imports[0].source: unknown system \"acme\"; \
             there are none",
            "t.yaml:3:51: data_import.scheduled_imports[0].schedule: a schedule has 5 fields \
             (minute, hour, day, month, day of the week), \"0 18 * *\" has 4",
            "t.yaml:6:31: data_export.scheduled_exports[0].format: unknown value \"jsn\"; \
             did you mean \"json\"?",
            "t.yaml:6:46: data_export.scheduled_exports[0].schedule: \"25\" is no hour of a \
             schedule: 0 to 23, \"*\", lists and steps",
            "t.yaml:6:73: data_export.scheduled_exports[0].destination: plain http to \
             \"example.com\" is refused; use https, or set \"insecure: true\" beside it",
        ],
    );
}

#[test]
fn jobs_are_told_apart_and_ask_for_what_there_is() {
    let acme = "systems:
  acme:
    authentication: { credentials: { api_key: '${ACME_KEY}' } }
data_import:
  imports:
    inbox: { from: x.csv, format: csv, event: NewsItem, fields: { event_time: at, news_id: id, headline: title } }
  scheduled_imports:
";
    let check = |jobs: &str, expected: &[&str]| check(&format!("{acme}{jobs}"), expected);
    check(
        "    - { source: inbox, schedule: '@daily', destination: x }
    - { source: acme, data_type: trades_data, schedule: at close, destination: x }
    - { source: acme, data_type: trades, schedule: '@daily', destination: x, missed: all }
",
        &[],
    );
    check(
        "    - { source: acme, data_type: trade, schedule: '@daily', destination: x }
    - { source: acme, schedule: 0 9 31 2 *, destination: x }
    - { source: inbox, schedule: '@never', destination: x, time_zone: Berlin, name: 'a b' }
    - { source: inbox, schedule: 0 9 * * *, destination: x, time_zone: Berlin }
    - { source: inbox, schedule: 0 9 * * *, destination: x, time_zone: Europe/Berlin }
",
        &[
            "t.yaml:8:34: data_import.scheduled_imports[0].data_type: system \"acme\" has no \
             \"trade\"; did you mean \"trades\"?",
            "t.yaml:9:7: data_import.scheduled_imports[1]: missing field \"data_type\": what to \
             ask the system for",
            "t.yaml:9:33: data_import.scheduled_imports[1].schedule: \"0 9 31 2 *\" is never due",
            "t.yaml:10:7: data_import.scheduled_imports[2]: a job has a name of letters, digits, \
             \".\", \"_\" and \"-\", made of what it does unless \"name\" says another: say \
             \"name\"",
            "t.yaml:10:34: data_import.scheduled_imports[2].schedule: there is no schedule \
             \"@never\": @hourly, @daily, @weekly, @monthly, @yearly, five fields, or such as \
             \"30 minutes after close\"",
            "t.yaml:11:72: data_import.scheduled_imports[3].time_zone: there is no time zone \
             \"Berlin\"; write one such as America/New_York",
            "t.yaml:12:7: data_import.scheduled_imports[4]: another job has the same name: say \
             \"name\"",
        ],
    );
}

#[test]
fn an_import_says_where_every_field_comes_from() {
    check(
        "data_import:
  imports:
    fills: { from: x.csv, format: csv, event: Fil, fields: {} }
    news: { from: x.csv, format: csv, event: NewsItem, fields: { headlin: title } }
",
        &["t.yaml:3:47: data_import.imports.fills.event: unknown value \"Fil\"; \
             did you mean \"Fill\"?"],
    );
    check(
        "data_import:
  imports:
    cash: { from: x.csv, format: csv, event: Balance, fields: { curency: ccy } }
",
        &["t.yaml:3:11: data_import.imports.cash: fields.curency: Balance has no such field; \
             it has event_time, account, system, broker_account, currency, cash, equity, \
             buying_power, initial_margin, maintenance_margin, pending_in, pending_out, \
             is_blocked"],
    );
}

#[test]
fn kafka_needs_brokers_and_a_whole_login() {
    check("kafka: { bootstrap_servers: 'a:9092' }\n", &[]);
    check("kafka: { local: {} }\n", &[]);
    check(
        "kafka: { properties: { linger.ms: 5, enable.idempotence: true } }\n",
        &["t.yaml:1:8: kafka: missing field \"bootstrap_servers\": a string; or write \
           \"local: {}\" for a Kafka of our own"],
    );
    let security = |keys: &str, expected: &[&str]| {
        let text = format!("kafka:\n  bootstrap_servers: a:9092\n  security: {{ {keys} }}\n");
        check(&text, expected);
    };
    security("protocol: ssl, ca_path: ca.pem", &[]);
    security(
        "protocol: sasl_ssl, username: u",
        &["t.yaml:3:13: kafka.security: missing field \"sasl_mechanism\": the protocol logs in"],
    );
    security(
        "protocol: sasl_ssl, sasl_mechanism: PLAIN, username: u",
        &["t.yaml:3:13: kafka.security: missing field \"password\": the protocol logs in"],
    );
    security(
        "protocol: sasl_ssl, sasl_mechanism: OAUTHBEARER",
        &["t.yaml:3:13: kafka.security: missing field \"token_path\": the protocol logs in"],
    );
    check(
        "metrics: { listen: '127.0.0.1' }\n",
        &["t.yaml:1:20: metrics.listen: invalid socket address syntax"],
    );
}

#[test]
fn rules_of_alerts() {
    let rule = |body: &str| {
        format!("systems: {{}}\nmonitoring:\n  rules:\n    slow: {{ metric: m, {body} }}\n")
    };
    let at = "t.yaml:4:11: monitoring.rules.slow";
    let one = format!("{at}: a rule has one limit: \"above\" or \"below\"");
    check(&rule("for_secs: 5"), &[&one]);
    check(&rule("above: 1, below: 0.5"), &[&one]);
    let severity = "unknown value \"bad\"; expected one of \"info\", \"warning\", \"error\"";
    check(
        &rule("above: 0.5, severity: bad"),
        &[&format!("t.yaml:4:46: monitoring.rules.slow.severity: {severity}")],
    );
}
