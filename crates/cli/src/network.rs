//! `apimite network`: what a subnet holds, and whether what an instance depends on can be reached.

use std::process::ExitCode;
use std::time::Duration;

use apimite_management::network_status::{Checked, Reached, check};
use apimite_network::ports::Needed;
use apimite_network::{NetworkType, PlanRequest, Sku, plan};
use serde_json::json;

use crate::args::{Format, Network, NetworkAction, NetworkPlan, NetworkStatus};
use crate::load;

/// `apimite network …`
pub(crate) fn run(args: &Network) -> ExitCode {
    match &args.action {
        NetworkAction::Plan(args) => planned(args),
        NetworkAction::Status(args) => status(args),
    }
}

fn planned(args: &NetworkPlan) -> ExitCode {
    let sku = match args.sku.parse::<Sku>() {
        Ok(sku) => sku,
        Err(error) => return fail(&error.to_string()),
    };
    let Some(mode) = NetworkType::from_name(&args.mode) else {
        return fail(&format!("`{}` is no network type\n  help: write external or internal", args.mode));
    };
    let request = PlanRequest { sku, mode, subnet: args.subnet, taken: args.taken };
    let plan = match plan(&request) {
        Ok(plan) => plan,
        Err(refusal) => {
            if args.format == Format::Json {
                println!(
                    "{}",
                    json!({ "units": 0, "code": refusal.code, "message": refusal.message, "help": refusal.help })
                );
                return ExitCode::FAILURE;
            }
            return fail(&format!("no unit fits: {}\n  help: {}", refusal.message, refusal.help));
        }
    };
    let within = plan.units.min(plan.most_units);
    if args.format == Format::Json {
        let line = json!({
            "units": plan.units, "unitsWithoutSupport": within, "addresses": plan.addresses, "usable": plan.usable,
            "taken": plan.taken, "loadBalancer": plan.for_load_balancer, "perUnit": plan.per_unit,
        });
        println!("{line}");
        return ExitCode::SUCCESS;
    }
    println!("{} units of {} fit into {} ({})", plan.units, sku.name(), args.subnet, mode.name());
    println!("  {:>6} addresses", plan.addresses);
    println!("  {:>6} kept by the cloud (the first four and the last)", plan.addresses - plan.usable);
    if plan.taken > 0 {
        println!("  {:>6} taken by others", plan.taken);
    }
    if plan.for_load_balancer > 0 {
        println!("  {:>6} for the load balancer of internal mode", plan.for_load_balancer);
    }
    println!("  {:>6} for each unit", plan.per_unit);
    if plan.units > plan.most_units {
        println!("{} has at most {} units without a support request", sku.name(), plan.most_units);
    }
    ExitCode::SUCCESS
}

fn status(args: &NetworkStatus) -> ExitCode {
    let origin = args.folder.clone().map_or(load::Origin::Sample, load::Origin::Folder);
    let Some(imported) = load::import_or_report(&origin) else { return ExitCode::FAILURE };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("the system refuses: {error}")),
    };
    let places = &imported.settings.network.dependencies;
    let checked = runtime.block_on(check(places, Duration::from_millis(args.timeout_ms)));
    let failing = checked.iter().any(|one| one.is_failing());
    if args.format == Format::Json {
        let rows: Vec<_> = checked.iter().map(Checked::to_json).collect();
        println!("{}", json!({ "connectivityStatus": rows }));
    } else {
        println!("{:<11} {:<9} {:<42} {:<24} state", "dependency", "needed", "what for", "place");
        for one in &checked {
            let needed = if one.dependency.needed == Needed::Required { "required" } else { "optional" };
            let state = match &one.reached {
                Reached::Yes => "reached".to_owned(),
                Reached::No(why) => format!("not reached: {why}"),
                Reached::NotConfigured => "not configured".to_owned(),
            };
            let place = one.place.as_deref().unwrap_or("-");
            println!("{:<11} {needed:<9} {:<42} {place:<24} {state}", one.dependency.key, one.dependency.purpose);
        }
        if failing {
            println!("\na required dependency cannot be reached: core functions of an instance would fail");
        }
    }
    if failing { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn fail(text: &str) -> ExitCode {
    eprintln!("error: {text}");
    ExitCode::FAILURE
}
