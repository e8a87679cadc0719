//! The report as text.

use std::fmt::Write;

use super::report::{Report, STEPS};
use super::scenario::{Scenario, SimulatedStore};

const HEIGHT: usize = 12;

/// Numbers only, one `name value` a line.
pub(super) fn numbers(report: &Report) -> String {
    let total = report.total;
    let mut text = String::new();
    let bound = report.bound.map_or("none".to_owned(), |bound| bound.to_string());
    let _ = writeln!(text, "offered {}", total.admitted + total.refused);
    let _ = writeln!(text, "admitted {}", total.admitted);
    let _ = writeln!(text, "refused {}", total.refused);
    let _ = writeln!(text, "ideal {}", total.ideal);
    let _ = writeln!(text, "overshoot {:.6}", report.overshoot());
    let _ = writeln!(text, "limit {}", report.limit);
    let _ = writeln!(text, "worst-window {}", report.worst_window);
    let _ = writeln!(text, "ideal-window {}", report.ideal_window);
    let _ = writeln!(text, "bound {bound}");
    let _ = writeln!(text, "packets-per-second {:.1}", report.packets_per_second);
    let _ = writeln!(text, "bytes-per-second {:.0}", report.bytes_per_second);
    let _ = writeln!(text, "deferred {}", report.deferred);
    let _ = writeln!(text, "keys-held {:.0}", report.keys_held);
    let _ = writeln!(text, "sample {}", report.sample);
    text
}

/// A chart and what it says.
pub(super) fn page(scenario: &Scenario, report: &Report) -> String {
    let mut text = String::new();
    let store = match scenario.store {
        SimulatedStore::Memory => "each counting alone".to_owned(),
        SimulatedStore::Sync => format!("telling each other every {} ms", scenario.interval_ms),
        SimulatedStore::Redis => "with one shared store".to_owned(),
    };
    let gateways = if scenario.gateways == 1 { "gateway" } else { "gateways" };
    let _ = writeln!(
        text,
        "{} calls per {} s and key, {} keys; {} calls/s from {} clients; {} {gateways} {store}; {} s, seed {}",
        scenario.calls,
        scenario.period,
        scenario.keys,
        scenario.rate,
        scenario.clients,
        scenario.gateways,
        scenario.duration,
        scenario.seed
    );
    if report.sample > 1 {
        let _ = writeln!(text, "(every {}th key was played; totals are scaled up)", report.sample);
    }
    text.push('\n');
    draw(&mut text, scenario, report);
    let total = report.total;
    let offered = (total.admitted + total.refused).max(1) as f64;
    let share = |count: u64| 100.0 * count as f64 / offered;
    let _ = writeln!(text, "\nadmitted  {:>12}  {:5.1} %", total.admitted, share(total.admitted));
    let _ = writeln!(text, "refused   {:>12}  {:5.1} %", total.refused, share(total.refused));
    let over = 100.0 * report.overshoot();
    let _ = writeln!(text, "ideal     {:>12}  one exact gateway; {over:+.2} % admitted against it", total.ideal);
    let against = format!("one exact gateway: {}", report.ideal_window);
    let bound = match report.bound {
        Some(bound) => format!("; derived bound: {bound} more"),
        None if report.deferred > 0 => "; no bound: the budget was spent".to_owned(),
        None => String::new(),
    };
    let _ = writeln!(text, "worst     {:>12}  calls in one window of one key; {against}{bound}", report.worst_window);
    if scenario.store != SimulatedStore::Memory {
        let _ = writeln!(
            text,
            "traffic   {:>12.1}  packets/s, {:.1} kB/s sent by each gateway",
            report.packets_per_second,
            report.bytes_per_second / 1e3
        );
    }
    if report.deferred > 0 {
        let _ = writeln!(text, "deferred  {:>12}  times a key waited for the traffic budget", report.deferred);
    }
    let _ = writeln!(text, "keys      {:>12.0}  held by each gateway at the end", report.keys_held);
    text
}

fn draw(text: &mut String, scenario: &Scenario, report: &Report) {
    let most = report.steps.iter().map(|step| step.admitted + step.refused).max().unwrap_or(1).max(1);
    let seconds = f64::from(scenario.duration) / STEPS as f64;
    for row in (0..HEIGHT).rev() {
        let level = (row as f64 + 0.5) / HEIGHT as f64 * most as f64;
        // The number of a row is that of its upper edge; the axis below is zero.
        let label = if row + 1 == HEIGHT || row + 1 == HEIGHT / 2 {
            let value = (row + 1) as f64 / HEIGHT as f64 * most as f64 / seconds;
            format!("{value:>9.*} ", usize::from(value < 10.0))
        } else {
            " ".repeat(10)
        };
        text.push_str(&label);
        text.push('│');
        for step in &report.steps {
            let half_row = most as f64 / HEIGHT as f64 / 2.0;
            let at_ideal = (step.ideal as f64 - level).abs() <= half_row;
            text.push(if level <= step.admitted as f64 {
                '█'
            } else if at_ideal && step.ideal > 0 {
                '─'
            } else if level <= (step.admitted + step.refused) as f64 {
                '░'
            } else {
                ' '
            });
        }
        text.push('\n');
    }
    let _ = writeln!(text, "{:>9} └{}", 0, "─".repeat(STEPS));
    let _ = writeln!(text, "  calls/s  0{:>59}", format!("{} s", scenario.duration));
    let _ = writeln!(text, "           █ admitted  ░ refused  ─ one exact gateway\n");
    let over = report.overshoots();
    let highest = over.iter().copied().fold(0.0, f64::max);
    let _ = writeln!(text, "  over, %  {}  at most {highest:.2} % ahead of one exact gateway", bars(&over));
    if scenario.store != SimulatedStore::Memory {
        let per_gateway = |step: &super::Step| step.packets as f64 / seconds / scenario.gateways as f64;
        let packets: Vec<_> = report.steps.iter().map(per_gateway).collect();
        let highest = packets.iter().copied().fold(0.0, f64::max);
        let _ = writeln!(text, "packets/s  {}  at most {highest:.1} from each gateway", bars(&packets));
    }
}

/// Numbers as a line of bars, the largest of full height; nothing below zero.
fn bars(values: &[f64]) -> String {
    const LEVELS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = values.iter().copied().fold(1e-9, f64::max);
    values.iter().map(|value| LEVELS[(value.max(0.0) / most * 8.0).ceil() as usize % 9]).collect()
}
