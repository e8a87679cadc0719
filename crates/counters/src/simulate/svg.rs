//! The report as a picture: calls over time, how far they are ahead of one exact gateway, and the packets sent.

use std::fmt::Write;

use super::report::{Report, STEPS};
use super::scenario::{Scenario, SimulatedStore};

const WIDTH: f64 = 860.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = WIDTH - 30.0;
const GREY: &str = "#57606a";
const INK: &str = "#1f2328";
const ADMITTED: &str = "#2da44e";
const REFUSED: &str = "#f5c2c0";

/// Distances between ticks of time, in seconds.
const TIMES: [u32; 17] = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800];

/// A distance between ticks, 1, 2 or 5 times a power of ten, that makes at most `most` of them over `span`.
fn distance(span: f64, most: f64) -> f64 {
    let power = 10_f64.powf((span / most).log10().floor());
    let fits = |factor: &&f64| span / (power * **factor) <= most + 0.03;
    power * [1.0, 2.0, 5.0].iter().find(fits).copied().unwrap_or(10.0)
}

/// A number beside a tick.
fn label(value: f64, distance: f64) -> String {
    match value.abs() {
        size if size >= 1e6 => format!("{}M", (value / 1e4).round() / 1e2),
        size if size >= 1e4 => format!("{}k", (value / 1e1).round() / 1e2),
        _ => format!("{value:.*}", usize::from(distance < 1.0) + usize::from(distance < 0.1)),
    }
}

/// A part of the picture with a scale of its own.
struct Panel {
    top: f64,
    height: f64,
    low: f64,
    high: f64,
    distance: f64,
}

impl Panel {
    /// A panel that shows `values` and zero, with at most `ticks` distances between its ticks.
    fn new(top: f64, height: f64, ticks: f64, values: &[f64]) -> Self {
        let low = values.iter().copied().fold(0.0, f64::min);
        let high = values.iter().copied().fold(0.0, f64::max);
        let distance = distance(if high - low > 1e-9 { high - low } else { 1.0 }, ticks);
        // A hair above a tick does not make room for another one.
        let ceil = |ticks: f64| (ticks - 0.03).ceil();
        let (low, high) = (-ceil(-low / distance) * distance, ceil(high / distance).max(1.0) * distance);
        Self { top, height, low, high, distance }
    }

    fn bottom(&self) -> f64 {
        self.top + self.height
    }

    fn y(&self, value: f64) -> f64 {
        self.bottom() - self.height * (value - self.low) / (self.high - self.low)
    }

    /// Its title, and a line with its number for each tick.
    fn scale(&self, svg: &mut String, title: &str) {
        let _ = writeln!(svg, r#"<text x="{LEFT}" y="{:.1}" fill="{GREY}">{title}</text>"#, self.top - 8.0);
        let ticks = ((self.high - self.low) / self.distance).round() as u32;
        for tick in 0..=ticks {
            let value = self.low + f64::from(tick) * self.distance;
            let at = self.y(value);
            let _ = writeln!(
                svg,
                r##"<line x1="{LEFT}" x2="{RIGHT}" y1="{at:.1}" y2="{at:.1}" stroke="#d8dee4"/><text x="{:.1}" y="{:.1}" text-anchor="end" fill="{GREY}">{}</text>"##,
                LEFT - 8.0,
                at + 4.0,
                label(value, self.distance)
            );
        }
    }

    /// The outline of a value for each step.
    fn stairs(&self, values: &[f64]) -> String {
        let mut path = String::new();
        for (step, value) in values.iter().enumerate() {
            let _ = write!(path, "V{:.1}H{:.1}", self.y(*value), x(step + 1));
        }
        path
    }

    /// Filled from zero.
    fn area(&self, svg: &mut String, values: &[f64], colour: &str) {
        let zero = self.y(0.0);
        let stairs = self.stairs(values);
        let _ = writeln!(svg, r#"<path d="M{LEFT},{zero:.1}{stairs}V{zero:.1}Z" fill="{colour}"/>"#);
    }

    /// A dashed line.
    fn line(&self, svg: &mut String, values: &[f64]) {
        let start = self.y(values.first().copied().unwrap_or(0.0));
        let stairs = self.stairs(values);
        let _ = writeln!(
            svg,
            r#"<path d="M{LEFT},{start:.1}{stairs}" fill="none" stroke="{INK}" stroke-width="1.5" stroke-dasharray="4 3"/>"#
        );
    }
}

/// Where a step begins.
fn x(step: usize) -> f64 {
    LEFT + (RIGHT - LEFT) * step as f64 / STEPS as f64
}

/// Draws the report.
pub(super) fn draw(scenario: &Scenario, report: &Report) -> String {
    let seconds = f64::from(scenario.duration) / STEPS as f64;
    let each = |count: fn(&super::Step) -> u64| -> Vec<f64> {
        report.steps.iter().map(|step| count(step) as f64 / seconds).collect()
    };
    let offered = each(|step| step.admitted + step.refused);
    let calls = Panel::new(98.0, 220.0, 5.0, &offered);
    let over = Panel::new(calls.bottom() + 44.0, 60.0, 3.0, &report.overshoots());
    let sent: Vec<f64> = each(|step| step.packets).iter().map(|all| all / scenario.gateways as f64).collect();
    let packets =
        (scenario.store != SimulatedStore::Memory).then(|| Panel::new(over.bottom() + 34.0, 60.0, 3.0, &sent));
    let bottom = packets.as_ref().map_or(over.bottom(), Panel::bottom);

    let mut svg = String::new();
    let height = bottom + 32.0;
    let gateways = if scenario.gateways == 1 { "gateway" } else { "gateways" };
    let _ = writeln!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="system-ui, sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="{LEFT}" y="24" font-size="15" font-weight="600" fill="{INK}">{} calls per {} s and key, {} {gateways}, {} calls/s</text>
<text x="{LEFT}" y="44" fill="{GREY}">admitted {} of {}, {:+.2} % against one exact gateway</text>
<text x="{LEFT}" y="61" fill="{GREY}">worst window of a key: {} calls, {} with one exact gateway; {:.1} packets/s from each gateway</text>"##,
        scenario.calls,
        scenario.period,
        scenario.gateways,
        scenario.rate,
        report.total.admitted,
        report.total.admitted + report.total.refused,
        100.0 * report.overshoot(),
        report.worst_window,
        report.ideal_window,
        report.packets_per_second
    );
    legend(&mut svg, 74.0);

    calls.scale(&mut svg, "calls/s");
    calls.area(&mut svg, &offered, REFUSED);
    calls.area(&mut svg, &each(|step| step.admitted), ADMITTED);
    calls.line(&mut svg, &each(|step| step.ideal));
    over.scale(&mut svg, "admitted so far, against one exact gateway, %");
    over.area(&mut svg, &report.overshoots(), "#bf8700");
    if let Some(packets) = packets {
        packets.scale(&mut svg, "packets/s sent by each gateway");
        packets.area(&mut svg, &sent, "#54aeff");
    }
    times(&mut svg, scenario.duration, calls.bottom() + 16.0);
    times(&mut svg, scenario.duration, bottom + 16.0);
    svg.push_str("</svg>\n");
    svg
}

fn legend(svg: &mut String, base: f64) {
    // At the right end, beside the title of the first panel.
    for (at, colour, name) in [(RIGHT - 330.0, ADMITTED, "admitted"), (RIGHT - 230.0, REFUSED, "refused")] {
        let _ = writeln!(
            svg,
            r#"<rect x="{at}" y="{}" width="12" height="12" fill="{colour}"/><text x="{}" y="{}" fill="{INK}">{name}</text>"#,
            base + 6.0,
            at + 18.0,
            base + 16.0
        );
    }
    let at = RIGHT - 140.0;
    let _ = writeln!(
        svg,
        r#"<line x1="{at}" x2="{}" y1="{}" y2="{}" stroke="{INK}" stroke-width="1.5" stroke-dasharray="4 3"/><text x="{}" y="{}" fill="{INK}">one exact gateway</text>"#,
        at + 22.0,
        base + 12.0,
        base + 12.0,
        at + 28.0,
        base + 16.0
    );
}

/// Seconds below a panel.
fn times(svg: &mut String, duration: u32, base: f64) {
    let distance = TIMES.into_iter().find(|distance| duration / distance <= 8).unwrap_or(duration);
    for second in (0..=duration).step_by(distance as usize) {
        let at = LEFT + (RIGHT - LEFT) * f64::from(second) / f64::from(duration);
        let _ =
            writeln!(svg, r#"<text x="{at:.1}" y="{base:.1}" text-anchor="middle" fill="{GREY}">{second} s</text>"#);
    }
}
