use super::*;

fn play(arguments: &[&str]) -> Report {
    let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
    simulate(&Scenario::from_arguments(&arguments).unwrap())
}

fn error(arguments: &[&str]) -> String {
    let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
    Scenario::from_arguments(&arguments).unwrap_err().to_string()
}

#[test]
fn gateways_that_count_alone_admit_the_limit_each() {
    let report = play(&["--store", "memory", "--gateways", "4", "--calls", "100", "--rate", "200", "--duration", "50"]);
    assert_eq!((report.total.admitted, report.total.ideal), (400, 100));
}

#[test]
fn one_store_admits_the_ideal_and_sync_stays_within_its_bound() {
    let shared = play(&["--store", "redis", "--gateways", "4", "--rate", "200"]);
    assert_eq!(shared.total.admitted, shared.total.ideal);
    assert_eq!(shared.worst_window, 100);
    for loss in ["0", "0.3"] {
        let sync = play(&["--gateways", "5", "--calls", "6000", "--rate", "1000", "--loss", loss, "--duration", "130"]);
        let bound = sync.bound.unwrap();
        assert!(sync.worst_window <= 6_000 + bound, "{sync:?}");
        assert!(sync.worst_window >= 5_800 && sync.packets_per_second > 8.0, "{sync:?}");
    }
}

#[test]
fn many_gateways_and_a_million_keys_are_sampled() {
    let report = play(&[
        "--gateways",
        "40",
        "--keys",
        "1000000",
        "--clients",
        "1000000",
        "--rate",
        "300000",
        "--duration",
        "1",
        "--skew",
        "0.9",
    ]);
    assert!(report.sample > 1);
    let offered = report.total.admitted + report.total.refused;
    assert!((290_000..=310_000).contains(&offered), "{offered}");
}

#[test]
fn the_same_seed_gives_the_same_page() {
    let page = |seed: &str| {
        let mut out = Vec::new();
        let arguments = ["--rate", "50", "--shape", "poisson", "--loss", "0.1", "--seed", seed];
        run(arguments.map(str::to_owned), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert_eq!(page("3"), page("3"));
    assert_ne!(page("3"), page("4"));
    assert!(page("3").contains("█ admitted"));
}

#[test]
fn a_file_gives_the_scenario_and_flags_win_over_it() {
    let folder = tempfile::tempdir().unwrap();
    let (file, picture) = (folder.path().join("s.toml"), folder.path().join("s.svg"));
    std::fs::write(&file, "rate = 10\ngateways = 2\nshape = 'burst'\nduration = 20\nnumbers = true\n").unwrap();
    let mut out = Vec::new();
    let arguments =
        [file.display().to_string(), "--rate=20".to_owned(), "--svg".to_owned(), picture.display().to_string()];
    run(arguments, &mut out).unwrap();
    let numbers = String::from_utf8(out).unwrap();
    assert!(numbers.starts_with("offered 399\n") || numbers.starts_with("offered 400\n"), "{numbers}");
    let svg = std::fs::read_to_string(picture).unwrap();
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
}

#[test]
fn the_picture_has_round_scales_and_shows_calls_overshoot_and_packets() {
    let scenario = Scenario::from_arguments(&["--rate=50", "--duration=90"].map(str::to_owned)).unwrap();
    let report = simulate(&scenario);
    assert_eq!(report.steps.iter().map(|step| step.packets).sum::<u64>(), report.total.packets);
    let sent = report.packets_per_second * 90.0 * 3.0;
    assert!((sent - report.total.packets as f64).abs() < 0.5, "{sent} {report:?}");
    let picture = svg::draw(&scenario, &report);
    let texts: Vec<_> = picture
        .split("</text>")
        .filter_map(|part| part.rsplit_once('>').map(|(_, text)| text))
        .filter(|text| !text.is_empty())
        .collect();
    for wanted in ["calls/s", "20", "60", "0 s", "90 s", "packets/s sent by each gateway", "one exact gateway"] {
        assert!(texts.contains(&wanted), "`{wanted}` is not in {texts:?}");
    }
    assert!(!texts.iter().any(|text| text.contains("NaN") || text.contains("inf")), "{texts:?}");
    let alone = Scenario { store: SimulatedStore::Memory, calls: 0, ..scenario };
    let picture = svg::draw(&alone, &simulate(&alone));
    assert!(!picture.contains("NaN") && !picture.contains("packets/s sent"), "{picture}");
}

#[test]
fn a_bucket_is_measured_against_a_bucket() {
    let report = play(&["--algorithm", "bucket", "--rate", "20", "--store", "redis"]);
    assert_eq!(report.worst_window, report.ideal_window);
    assert!(report.ideal_window > 150, "a full bucket and what flows in: {report:?}");
}

#[test]
fn what_is_wrong_is_said() {
    assert_eq!(error(&["--rate", "0"]), "`rate` must be more than 0 and at most 1000000000 calls per second");
    assert_eq!(error(&["--rate"]), "`--rate` needs a value");
    assert!(error(&["--speed", "1"]).contains("unknown field `speed`"));
    assert!(error(&["--store", "disk"]).contains("unknown variant `disk`"));
    assert!(error(&["nowhere.toml"]).starts_with("cannot read the scenario `nowhere.toml`"));
    assert!(error(&["--rate", "abc"]).contains("`rate = \"abc\"`"), "{}", error(&["--rate", "abc"]));
    assert!(error(&["--seed", "-1"]).contains("`seed = -1`"), "{}", error(&["--seed", "-1"]));
    assert!(error(&["-x"]).starts_with("`-x` is not expected here"));
}
