//! Mistakes in `apimite.toml`.

use insta::assert_snapshot;

use crate::{good, remarks};

#[test]
fn every_mistake_of_the_settings_is_shown_at_once() {
    let settings = "[service]\nnam = \"x\"\ntier = \"Premum\"\n\n[listen]\nhttp = \"127.0.0.1\"\n\n[limts]\n\n[subscriptions.alise]\nprimary_key = \"k\"\n\n[network]\nvirtual_network = [\"10.0.0.0/99\"]\n\n[counters]\nstore = \"redis\"\n";
    assert_snapshot!(remarks(&good().with("apimite.toml", settings)), @r#"
    Error on line 2, column 1: unknown key `nam` in `service`
      --> apimite.toml:2:1
      |
    2 | nam = "x"
      | ^^^
      help: did you mean `name`?
      code: settings::unknown-key

    Error on line 3, column 8: `tier` of `service` cannot be `Premum`
      --> apimite.toml:3:8
      |
    3 | tier = "Premum"
      |        ^^^^^^^^
      help: did you mean `Premium`? possible are `Consumption`, `Developer`, `Basic`, `Standard`, `Premium`, `BasicV2`, `StandardV2`, `PremiumV2`, `SelfHosted`
      code: import::word

    Error on line 6, column 8: `http` cannot be `127.0.0.1`: no address to listen on
      --> apimite.toml:6:8
      |
    6 | http = "127.0.0.1"
      |        ^^^^^^^^^^^
      help: write an IP address with a port such as `127.0.0.1:8080` (port 0 takes a free one), a port alone, or `off`
      code: settings::address

    Error on line 8, column 2: unknown key `limts` in `apimite.toml`
      --> apimite.toml:8:2
      |
    8 | [limts]
      |  ^^^^^
      help: did you mean `limits`?
      code: settings::unknown-key

    Error on line 10, column 1: there is no subscription `alise`, and this section does not say what a new one opens
      --> apimite.toml:10:1
       |
    10 | [subscriptions.alise]
       | ^^^^^^^^^^^^^^^^^^^^^
      help: write `product = "…"`, `api = "…"` or `all_apis = true`
      code: settings::subscription

    Error on line 14, column 20: `10.0.0.0/99` is no address range
      --> apimite.toml:14:20
       |
    14 | virtual_network = ["10.0.0.0/99"]
       |                    ^^^^^^^^^^^^^
      help: write it like `10.0.0.0/16`
      code: settings::range

    Error on line 16, column 1: the counter store is `redis`, but no `redis` address is given
      --> apimite.toml:16:1
       |
    16 | [counters]
       | ^^^^^^^^^^
      help: write `redis = "redis://127.0.0.1:6379"`
      code: settings::missing-key
    "#);
}

#[test]
fn broken_toml_is_shown_with_its_place() {
    assert_snapshot!(remarks(&good().with("apimite.toml", "[service]\nname = \nregion = \"a\"\nregion = \"b\"\n")), @r#"
    Error on line 2, column 8: no TOML: string values must be quoted, expected literal string
      --> apimite.toml:2:8
      |
    2 | name = 
      |        ^
      code: settings::toml

    Error on line 4, column 1: no TOML: duplicate key
      --> apimite.toml:4:1
      |
    4 | region = "b"
      | ^^^^^^
      code: settings::toml
    "#);
}

#[test]
fn values_from_the_environment_and_from_files_have_to_be_there() {
    let settings = "[named_values]\na = { env = \"NOT_SET\" }\nb = { file = \"missing.txt\" }\nc = { env = \"X\", fil = \"y\" }\nd = []\n";
    assert_snapshot!(remarks(&good().with("apimite.toml", settings)), @r#"
    Error on line 2, column 13: the environment variable `NOT_SET` is not set
      --> apimite.toml:2:13
      |
    2 | a = { env = "NOT_SET" }
      |             ^^^^^^^^^
      help: set it, or write the value of `a` here
      code: settings::environment

    Error on line 3, column 14: the file `missing.txt` cannot be read: there is no such file
      --> apimite.toml:3:14
      |
    3 | b = { file = "missing.txt" }
      |              ^^^^^^^^^^^^^
      help: paths are relative to `apimite.toml`
      code: import::file

    Error on line 4, column 13: the environment variable `X` is not set
      --> apimite.toml:4:13
      |
    4 | c = { env = "X", fil = "y" }
      |             ^^^
      help: set it, or write the value of `c` here
      code: settings::environment

    Error on line 4, column 18: unknown key `fil` in `c`
      --> apimite.toml:4:18
      |
    4 | c = { env = "X", fil = "y" }
      |                  ^^^
      help: did you mean `file`?
      code: settings::unknown-key

    Error on line 5, column 5: `d` has to be text, found a list
      --> apimite.toml:5:5
      |
    5 | d = []
      |     ^^
      help: write text, `{ env = "NAME" }` or `{ file = "PATH" }`
      code: import::type
    "#);
}

#[test]
fn network_settings_that_exclude_each_other_are_refused() {
    let settings = "[network]\nmode = \"internal\"\npublic_access = \"disabled\"\n\n[private_endpoints.pe-1]\nlisten = \"127.0.0.1:0\"\n";
    assert_snapshot!(remarks(&good().with("apimite.toml", settings)), @r#"
    Error on line 3, column 1: public access cannot be disabled on an injected service
      --> apimite.toml:3:1
      |
    3 | public_access = "disabled"
      | ^^^^^^^^^^^^^
      help: remove `public_access`, or set `mode = "none"`
      code: settings::network

    Error on line 5, column 1: the private endpoint `pe-1` and `network.mode` exclude each other
      --> apimite.toml:5:1
      |
    5 | [private_endpoints.pe-1]
      | ^^^^^^^^^^^^^^^^^^^^^^^^
      help: remove the private endpoints, or set `mode = "none"`
      code: settings::network
    "#);
    assert_snapshot!(remarks(&good().with("apimite.toml", "[network]\npublic_access = \"disabled\"\n")), @r#"
    Error on line 2, column 1: public access cannot be disabled without an approved private endpoint
      --> apimite.toml:2:1
      |
    2 | public_access = "disabled"
      | ^^^^^^^^^^^^^
      help: add `[private_endpoints.pe-1]` with `listen = "127.0.0.1:0"`
      code: settings::network
    "#);
}
