//! The image and the compose files, as far as they can be checked without a container engine: `docker compose config` reads the
//! files (skipped loudly without it), every command and health check is run against a real gateway, and what the Dockerfile
//! copies exists.
#![allow(clippy::panic, clippy::unwrap_used, clippy::print_stderr, reason = "a test may; what is skipped is said")]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::{Gateway, apimite, write};

const SHAPES: [&str; 4] = ["2", "3", "7", "8"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn file(shape: &str) -> PathBuf {
    root().join(format!("docker/compose.shape-{shape}.yaml"))
}

/// `docker compose` or `docker-compose`, whichever is of the second generation; the first does not know `name`.
fn compose() -> Option<Vec<&'static str>> {
    let known = [vec!["docker", "compose"], vec!["docker-compose"]];
    let found = known.into_iter().find(|words| {
        let output = Command::new(words[0]).args(&words[1..]).arg("version").output();
        output.is_ok_and(|output| output.status.success() && !String::from_utf8_lossy(&output.stdout).contains(" 1."))
    });
    if found.is_none() {
        eprintln!("SKIPPED: `docker compose` is not installed, so the compose files were not read by it");
    }
    found
}

/// What `config` makes of a file.
fn config(words: &[&str], shape: &str, key: Option<&str>) -> Result<Value, String> {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg("-f").arg(file(shape)).args(["config", "--format", "json"]);
    match key {
        Some(key) => command.env("SYNC_KEY", key),
        None => command.env_remove("SYNC_KEY"),
    };
    let output = command.output().unwrap();
    if output.status.success() {
        return Ok(serde_json::from_slice(&output.stdout).unwrap());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[test]
fn docker_compose_takes_every_file() {
    let Some(words) = compose() else { return };
    for shape in SHAPES {
        let read = config(&words, shape, Some("key")).unwrap_or_else(|error| panic!("shape {shape}: {error}"));
        assert_eq!(read["name"], format!("apimite-shape-{shape}"));
        let (networks, services) = (read["networks"].as_object().unwrap(), read["services"].as_object().unwrap());
        let (mut taken, mut used) = (BTreeSet::new(), BTreeSet::new());
        for (name, service) in services {
            for (network, place) in service["networks"].as_object().unwrap() {
                used.insert(network.as_str());
                let range: ipnet::IpNet =
                    networks[network]["ipam"]["config"][0]["subnet"].as_str().unwrap().parse().unwrap();
                if let Some(address) = place["ipv4_address"].as_str() {
                    assert!(range.contains(&address.parse::<std::net::IpAddr>().unwrap()), "shape {shape}: {name}");
                    assert!(taken.insert(address.to_owned()), "shape {shape}: {address} twice");
                }
            }
            for volume in service["volumes"].as_array().into_iter().flatten() {
                let source = Path::new(volume["source"].as_str().unwrap());
                let checked = apimite().arg("check").arg(source).env("SYNC_KEY", "key").output().unwrap();
                assert!(checked.status.success(), "{}: {}", source.display(), String::from_utf8_lossy(&checked.stderr));
                assert_eq!((&volume["target"], &volume["read_only"]), (&"/apim".into(), &true.into()));
            }
            if service["image"] == "apimite" {
                // Addresses that a command names are those of the file.
                for word in texts(&service["command"]).iter().filter_map(|word| word.split_once('=')) {
                    if let ("--listen" | "--to" | "--source", address) = word {
                        let host = address.split(':').next().unwrap();
                        let known = services.values().flat_map(|one| one["networks"].as_object().unwrap().values());
                        assert!(known.into_iter().any(|place| place["ipv4_address"] == host), "shape {shape}: {host}");
                    }
                }
            }
        }
        assert_eq!(used.len(), networks.len(), "shape {shape} has a network that nobody is in");
    }
    // A key that both units share must be chosen.
    let without = config(&words, "8", None).unwrap_err();
    assert!(without.contains("choose a key that both units share"), "{without}");
}

/// Public, virtual network and consumer are networks apart: nobody but the gateway and the link is in two.
#[test]
fn callers_are_in_one_network_each() {
    let Some(words) = compose() else { return };
    for shape in SHAPES {
        let read = config(&words, shape, Some("key")).unwrap();
        for (name, service) in read["services"].as_object().unwrap() {
            let count = service["networks"].as_object().unwrap().len();
            let between = service["image"] == "apimite";
            assert!(count == 1 || between, "shape {shape}: {name}");
        }
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// The health check of every file, run as it stands against the shape's own configuration on other ports.
#[test]
fn health_checks_say_what_the_gateway_is() {
    for (shape, folder) in [("2", "endpoint"), ("3", "endpoint-only"), ("7", "internal"), ("8", "unit-1")] {
        let text = std::fs::read_to_string(file(shape)).unwrap();
        let test = text.lines().find_map(|line| line.trim().strip_prefix("test: ")).unwrap();
        let words: Vec<String> = serde_json::from_str(test).unwrap();
        assert_eq!(&words[..2], ["CMD", "/usr/local/bin/apimite"]);
        let place = words.iter().position(|word| word == "127.0.0.1:8080").unwrap();
        let settings = std::fs::read_to_string(root().join(format!("docker/shapes/{folder}/apimite.toml"))).unwrap();
        assert!(settings.contains("http = \"0.0.0.0:8080\""), "the health check asks the port of the file");
        // Addresses of the containers are not of this machine; ports are free ones.
        let own = tempfile::tempdir().unwrap();
        copy(&root().join(format!("docker/shapes/{folder}")), own.path());
        let settings: String = settings
            .lines()
            .filter(|line| !line.starts_with("dns = "))
            .map(|line| line.replace("0.0.0.0:6390", "127.0.0.1:0").replace("\"10.10.0.4:4290\"", "\"127.0.0.1:0\""))
            .map(|line| line.replace("{ env = \"SYNC_KEY\" }", "\"a key that is shared\"") + "\n")
            .collect();
        write(own.path(), "apimite.toml", &settings);
        let gateway = Gateway::start(&[own.path().to_str().unwrap(), "--no-watch", "--quiet"]);
        let mut asked: Vec<String> = words[2..].to_vec();
        asked[place - 2] = gateway.address("http");
        let healthy = || apimite().args(&asked).output().unwrap().status.success();
        assert!(healthy(), "shape {shape}: {asked:?}");
        gateway.terminate();
        assert!(!healthy(), "shape {shape}: nobody is there any more");
    }
}

/// Instructions of the Dockerfile: word and rest.
fn dockerfile() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(root().join("docker/Dockerfile")).unwrap();
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once(' ').unwrap()).map(|(word, rest)| (word.to_owned(), rest.to_owned())).collect()
}

#[test]
fn the_image_holds_what_it_runs_and_runs_it_without_rights() {
    let all = dockerfile();
    let of = |word: &str| -> Vec<&str> {
        all.iter().filter(|(own, _)| own == word).map(|(_, rest)| rest.as_str()).collect()
    };
    let stages = of("FROM");
    assert_eq!(stages.len(), 2);
    assert!(stages[0].ends_with(" AS build") && stages[1].contains("distroless"), "{stages:?}");
    // What the last stage copies is what the first one makes.
    let made = of("RUN").join(" && ");
    for copy in of("COPY").iter().filter_map(|copy| copy.strip_prefix("--from=build ")) {
        let source = copy.split_whitespace().find(|word| word.starts_with('/')).unwrap();
        let name = source.strip_prefix("/out/").unwrap();
        assert!(made.contains(source) || made.contains(&format!("/{name} /out/")), "{source}");
    }
    let package = std::fs::read_to_string(root().join("crates/cli/Cargo.toml")).unwrap();
    assert!(package.contains("name = \"apimite\"") && made.contains("target/release/apimite"));
    // The workspace is whole in the build's context: nothing it needs is ignored.
    let ignored = std::fs::read_to_string(root().join(".dockerignore")).unwrap();
    assert!(
        !ignored.lines().any(|line| matches!(line.trim(), "crates" | "policies" | "samples" | "Cargo.lock" | "docs"))
    );
    // Not root, by number, so that `runAsNonRoot` can be checked; the folders it writes are its own.
    assert_eq!(of("USER"), ["65532:65532"]);
    assert!(of("COPY").iter().filter(|copy| copy.contains("/state")).all(|copy| copy.contains("--chown=65532:65532")));
    assert_eq!(of("WORKDIR").last(), Some(&"/state"));
    assert_eq!(of("ENTRYPOINT"), ["[\"/usr/local/bin/apimite\"]"]);

    // Its command and its health check, run as they stand on other ports.
    let command: Vec<String> = serde_json::from_str(of("CMD")[0]).unwrap();
    assert_eq!(of("EXPOSE"), ["8080 8443"]);
    assert!(command.contains(&"0.0.0.0:8080".to_owned()) && command.contains(&"0.0.0.0:8443".to_owned()));
    let folder = tempfile::tempdir().unwrap();
    let ready = folder.path().join("ready.json");
    let free: Vec<String> = command.iter().map(|word| word.replace(":8080", ":0").replace(":8443", ":0")).collect();
    let mut child = apimite()
        .args(&free)
        .args(["--management", "127.0.0.1:0", "--ready-file"])
        .arg(&ready)
        .current_dir(folder.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let addresses: Value =
        serde_json::from_str(&support::until(|| std::fs::read_to_string(&ready).ok(), "not ready")).unwrap();
    let (_, check) = of("HEALTHCHECK")[0].split_once("CMD ").unwrap();
    let check: Vec<String> = serde_json::from_str(check).unwrap();
    assert_eq!(check[0], "/usr/local/bin/apimite");
    let port = addresses["http"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
    let asked: Vec<String> = check[1..].iter().map(|word| word.replace(":8080", &format!(":{port}"))).collect();
    let answered = apimite().args(&asked).output().unwrap();
    let _ = child.kill();
    let _ = child.wait();
    assert!(answered.status.success(), "{asked:?}: {}", String::from_utf8_lossy(&answered.stderr));
}

/// The last stage has glibc, libgcc, libstdc++ and OpenSSL of Debian 12, and nothing else.
#[cfg(target_os = "linux")]
#[test]
fn the_executable_needs_no_library_that_the_image_lacks() {
    let Ok(output) = Command::new("ldd").arg(env!("CARGO_BIN_EXE_apimite")).output() else {
        eprintln!("SKIPPED: `ldd` is not installed; the libraries of the executable were not looked at");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let there = [
        "linux-vdso.so.1",
        "libc.so.6",
        "libm.so.6",
        "libgcc_s.so.1",
        "libstdc++.so.6",
        "libpthread.so.0",
        "libdl.so.2",
    ];
    for line in text.lines() {
        let name = line.split_whitespace().next().unwrap_or_default();
        let name = name.rsplit('/').next().unwrap_or(name);
        assert!(name.starts_with("ld-linux") || there.contains(&name), "the image has no `{name}`:\n{text}");
    }
    assert!(text.contains("libc.so.6"), "{text}");
}
