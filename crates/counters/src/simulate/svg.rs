//! The report as a picture.

use std::fmt::Write;

use super::report::{Report, STEPS, Step};
use super::scenario::Scenario;

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 70.0;
const TOP: f64 = 56.0;
const PLOT_WIDTH: f64 = WIDTH - LEFT - 20.0;
const PLOT_HEIGHT: f64 = HEIGHT - TOP - 60.0;

/// Draws admitted and refused calls per second over time, stacked, and what one exact gateway would have admitted.
pub(super) fn draw(scenario: &Scenario, report: &Report) -> String {
    let seconds = f64::from(scenario.duration) / STEPS as f64;
    let rate = |count: u64| count as f64 / seconds;
    let most = report.steps.iter().map(|step| rate(step.admitted + step.refused)).fold(1e-9, f64::max);
    let x = |index: usize| LEFT + PLOT_WIDTH * (index as f64 + 0.5) / STEPS as f64;
    let y = |value: f64| TOP + PLOT_HEIGHT * (1.0 - value / most);
    let line = |value: &dyn Fn(&Step) -> f64| {
        let mut points = String::new();
        for (index, step) in report.steps.iter().enumerate() {
            let _ = write!(points, "{:.1},{:.1} ", x(index), y(value(step)));
        }
        points
    };
    let area = |value: &dyn Fn(&Step) -> f64| {
        format!("{:.1},{:.1} {}{:.1},{:.1}", x(0), y(0.0), line(value), x(STEPS - 1), y(0.0))
    };
    let offered = area(&|step| rate(step.admitted + step.refused));
    let admitted = area(&|step| rate(step.admitted));
    let ideal = line(&|step| rate(step.ideal));
    let mut svg = String::new();
    let _ = write!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="system-ui, sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="{LEFT}" y="22" font-size="15" font-weight="600" fill="#1f2328">{} calls per {} s and key, {} gateways, {} calls/s</text>
<text x="{LEFT}" y="42" fill="#57606a">admitted {} of {}, {:+.2} % against one exact gateway; worst window {}; {:.1} packets/s per gateway</text>
"##,
        scenario.calls,
        scenario.period,
        scenario.gateways,
        scenario.rate,
        report.total.admitted,
        report.total.admitted + report.total.refused,
        100.0 * report.overshoot(),
        report.worst_window,
        report.packets_per_second
    );
    let _ = writeln!(
        svg,
        r##"<text x="{:.1}" y="{:.1}" text-anchor="end" fill="#57606a">calls/s</text>"##,
        LEFT - 8.0,
        TOP - 8.0
    );
    for part in 0..=4_u8 {
        let value = most * f64::from(part) / 4.0;
        let at = y(value);
        let _ = writeln!(
            svg,
            r##"<line x1="{LEFT}" x2="{:.1}" y1="{at:.1}" y2="{at:.1}" stroke="#d8dee4"/><text x="{:.1}" y="{:.1}" text-anchor="end" fill="#57606a">{value:.0}</text>"##,
            LEFT + PLOT_WIDTH,
            LEFT - 8.0,
            at + 4.0
        );
        let second = f64::from(scenario.duration) * f64::from(part) / 4.0;
        let _ = writeln!(
            svg,
            r##"<text x="{:.1}" y="{:.1}" text-anchor="middle" fill="#57606a">{second:.0} s</text>"##,
            LEFT + PLOT_WIDTH * f64::from(part) / 4.0,
            TOP + PLOT_HEIGHT + 18.0
        );
    }
    let _ = write!(
        svg,
        r##"<polygon points="{offered}" fill="#f5c2c0"/>
<polygon points="{admitted}" fill="#2da44e"/>
<polyline points="{ideal}" fill="none" stroke="#1f2328" stroke-width="1.5" stroke-dasharray="4 3"/>
"##
    );
    let base = HEIGHT - 16.0;
    for (index, (colour, name)) in
        [("#2da44e", "admitted"), ("#f5c2c0", "refused"), ("#1f2328", "one exact gateway")].into_iter().enumerate()
    {
        let at = LEFT + index as f64 * 120.0;
        let _ = writeln!(
            svg,
            r##"<rect x="{at:.1}" y="{:.1}" width="12" height="12" fill="{colour}"/><text x="{:.1}" y="{base:.1}" fill="#1f2328">{name}</text>"##,
            base - 10.0,
            at + 18.0
        );
    }
    svg.push_str("</svg>\n");
    svg
}
