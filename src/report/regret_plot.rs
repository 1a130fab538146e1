//! Regret over queries as a picture (SVG): the median of every search with a band between its quartiles, on a logarithmic scale.

use super::regret::{after, curves, unit};
use crate::base::fixed;
use crate::metrics::regret::Quartiles;
use crate::run::tabular::Compared;
use std::fmt::Write;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 560.0;
/// Around the plot: left, right (the legend), top, bottom.
const MARGIN: (f64, f64, f64, f64) = (76.0, 216.0, 48.0, 56.0);
/// Colours that are told apart in most kinds of colour blindness (after Okabe and Ito 2008), darkened for lines on white.
const COLOURS: [&str; 10] = ["#0072b2", "#d55e00", "#009e73", "#a8559b", "#b58900", "#2a9fd6", "#555555", "#8c2d04", "#5e3c99", "#1b7837"];
/// With dashes after so many searches, so that a colour that comes again is another line.
const DASHES: [&str; 3] = ["", "7 4", "2 3"];
/// Regret below this is drawn here: a logarithm has no zero.
const DECADES: i32 = 4;

/// The median and the quartiles of one search by query.
struct Line {
    name: String,
    points: Vec<Quartiles>,
}

/// The picture.
pub fn svg(compared: &Compared) -> String {
    let lines: Vec<Line> = compared
        .searches
        .iter()
        .map(|s| {
            let curves = curves(s);
            let queries = 1..=curves.first().map_or(0, Vec::len);
            Line { name: s.name.clone(), points: queries.filter_map(|q| Quartiles::of(&after(&curves, q))).collect() }
        })
        .collect();
    let highest = lines.iter().flat_map(|l| &l.points).map(|q| q.upper).fold(1e-12, f64::max);
    let top = libm::ceil(libm::log10(highest)) as i32;
    let bottom = top - DECADES;
    let queries = lines.iter().map(|l| l.points.len()).max().unwrap_or(1).max(2);
    let (left, right, above, below) = MARGIN;
    let x = |query: usize| left + (query - 1) as f64 / (queries - 1) as f64 * (WIDTH - left - right);
    let y = |regret: f64| {
        let share = (f64::from(top) - libm::log10(regret.max(1e-300))) / f64::from(DECADES);
        above + share.clamp(0.0, 1.0) * (HEIGHT - above - below)
    };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\" fill=\"#222\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    axes(&mut svg, compared, (bottom, top), queries, &x, &y);
    for (i, line) in lines.iter().enumerate() {
        let colour = COLOURS[i % COLOURS.len()];
        let dash = DASHES[i / COLOURS.len() % DASHES.len()];
        let at = |place: usize, value: f64| format!("{},{}", fixed(x(place + 1), 1), fixed(y(value), 1));
        let upper = line.points.iter().enumerate().map(|(n, q)| at(n, q.upper));
        let lower = line.points.iter().enumerate().rev().map(|(n, q)| at(n, q.lower));
        let band: Vec<String> = upper.chain(lower).collect();
        let median: Vec<String> = line.points.iter().enumerate().map(|(n, q)| at(n, q.median)).collect();
        let _ = writeln!(svg, "<polygon points=\"{}\" fill=\"{colour}\" fill-opacity=\"0.10\"/>", band.join(" "));
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\"/>",
            median.join(" ")
        );
        let (lx, ly) = (WIDTH - right + 16.0, above + 8.0 + 22.0 * i as f64);
        let _ = writeln!(
            svg,
            "<line x1=\"{lx}\" y1=\"{ly}\" x2=\"{}\" y2=\"{ly}\" stroke=\"{colour}\" stroke-width=\"3\" stroke-dasharray=\"{dash}\"/>\
             <text x=\"{}\" y=\"{}\">{}</text>",
            lx + 24.0,
            lx + 32.0,
            ly + 4.5,
            escaped(&line.name)
        );
    }
    svg + "</svg>\n"
}

/// Grid, ticks and names of both axes.
fn axes(
    svg: &mut String,
    compared: &Compared,
    (bottom, top): (i32, i32),
    queries: usize,
    x: &dyn Fn(usize) -> f64,
    y: &dyn Fn(f64) -> f64,
) {
    let (left, right, above, below) = MARGIN;
    let (end, base) = (WIDTH - right, HEIGHT - below);
    for power in bottom..=top {
        let at = fixed(y(libm::pow(10.0, f64::from(power))), 1);
        let text = if power == bottom { format!("≤ {}", tick(power)) } else { tick(power) };
        let _ = writeln!(
            svg,
            "<line x1=\"{left}\" y1=\"{at}\" x2=\"{end}\" y2=\"{at}\" stroke=\"#ddd\"/>\
             <text x=\"{}\" y=\"{at}\" dy=\"4.5\" text-anchor=\"end\">{text}</text>",
            left - 8.0
        );
    }
    let step =
        [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000].into_iter().find(|s| queries / s <= 10).unwrap_or(queries);
    for query in (0..=queries).step_by(step).map(|q| q.max(1)) {
        let at = fixed(x(query), 1);
        let _ = writeln!(
            svg,
            "<line x1=\"{at}\" y1=\"{above}\" x2=\"{at}\" y2=\"{base}\" stroke=\"#eee\"/>\
             <text x=\"{at}\" y=\"{}\" text-anchor=\"middle\">{query}</text>",
            base + 18.0
        );
    }
    let ground = compared.searches.first().map(|s| &s.ground);
    let seeds = compared.searches.iter().map(|s| s.runs.len()).max().unwrap_or(0);
    let what = ground.map_or(String::new(), unit);
    let title =
        ground.map_or(String::new(), |g| format!("{}: regret of the network chosen so far, {seeds} seeds, median and quartiles", g.space));
    let _ = writeln!(
        svg,
        "<rect x=\"{left}\" y=\"{above}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#888\"/>\
         <text x=\"{left}\" y=\"{}\" font-size=\"15\">{}</text>\
         <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">networks evaluated</text>\
         <text transform=\"translate(20 {}) rotate(-90)\" text-anchor=\"middle\">regret ({})</text>",
        end - left,
        base - above,
        above - 16.0,
        escaped(&title),
        (left + end) / 2.0,
        HEIGHT - 12.0,
        (above + base) / 2.0,
        escaped(&what)
    );
}

fn tick(power: i32) -> String {
    if power >= 0 { fixed(libm::pow(10.0, f64::from(power)), 0) } else { fixed(libm::pow(10.0, f64::from(power)), -power as usize) }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::regret::Query;
    use crate::run::tabular::{Curves, Ground};

    fn compared(names: &[&str]) -> Compared {
        let metric = crate::language().metric("accuracy").expect("a metric").clone();
        let ground = Ground {
            space: "a & b".into(),
            samples: 9,
            networks: 9,
            told: metric.clone(),
            judged: metric,
            judged_by: None,
            best: 0.9,
            worst: 0.1,
            top: 0.9,
            top_networks: 1,
        };
        let run = |values: &[f64]| values.iter().map(|v| Query { told: Some(*v), judged: Some(*v) }).collect::<Vec<_>>();
        let search = |name: &&str| Curves {
            name: name.to_string(),
            strategy: "random".into(),
            trials: 3,
            window: 1,
            ground: ground.clone(),
            runs: vec![run(&[0.1, 0.9, 0.2]), run(&[0.2, 0.3, 0.9])],
        };
        Compared { searches: names.iter().map(search).collect(), notes: vec![] }
    }

    #[test]
    fn a_picture_is_well_formed_and_has_a_line_a_search() {
        let names: Vec<String> = (0..13).map(|i| format!("<{i}>")).collect();
        let svg = svg(&compared(&names.iter().map(String::as_str).collect::<Vec<_>>()));
        let parsed = roxmltree::Document::parse(&svg).expect("XML");
        assert_eq!(parsed.descendants().filter(|n| n.has_tag_name("polyline")).count(), 13);
        assert!(parsed.descendants().any(|n| n.text() == Some("<12>")), "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn text_and_csv_say_what_the_runs_found() {
        let text = crate::report::regret::text(&compared(&["one"]), None);
        assert!(
            text.contains("9 distinct networks; searched by accuracy\nthe best has 90.000; the top 0.1 % (1 network) 90.000 or better"),
            "{text}"
        );
        // Found after 2 and after 3 queries; after three nothing is left to regret.
        assert!(text.contains("2–3") && text.contains("100 %") && text.contains("0.000"), "{text}");
        let csv = crate::report::regret::csv(&compared(&["o\"ne"]));
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines.len(), 4, "{csv}");
        assert!(lines[1].starts_with("\"o\"\"ne\",random,1,2,75,"), "{csv}");
        assert!(lines[3].ends_with(",0,0,0,2,2"), "{csv}");
    }
}
