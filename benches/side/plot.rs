//! A picture of ratios by family, as SVG.

use crate::Error;
use plotters::prelude::*;
use serde_json::Value;
use std::path::Path;

/// What bars are filled with, one for each peer.
const COLOURS: [RGBColor; 5] = [
    RGBColor(196, 56, 44),
    RGBColor(90, 98, 110),
    RGBColor(58, 124, 165),
    RGBColor(150, 180, 205),
    RGBColor(205, 175, 80),
];

/// Draws the ratios of each family, a bar for each peer but the one that the others are measured by, which is the line at 1.
///
/// # Errors
///
/// When the file cannot be written.
pub fn draw(
    path: &Path,
    peers: &[&str],
    measure: usize,
    families: &[(&str, &[f64])],
    circumstances: &Value,
) -> Result<(), Error> {
    let most = families.iter().flat_map(|(_, ratios)| ratios.iter().copied()).fold(1.2, f64::max);
    let root = SVGBackend::new(path, (960, 420)).into_drawing_area();
    root.fill(&WHITE)?;
    let fact = |name: &str| circumstances[name].as_str().unwrap_or_default();
    let title = format!("CPU time over {}'s {}, below 1 is faster", peers[measure], fact(peers[measure]));
    let last = families.len() as f64 - 0.5;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 18))
        .margin(10)
        .x_label_area_size(44)
        .y_label_area_size(40)
        .build_cartesian_2d(-0.5..last, 0.0..most * 1.05)?;
    let name = |place: &f64| families.get(place.round() as usize).map_or("", |(name, _)| name).to_owned();
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(families.len())
        .x_label_formatter(&name)
        .x_desc(format!("{}, commit {}", fact("machine"), fact("commit")))
        .draw()?;
    let shown: Vec<usize> = (0..peers.len()).filter(|peer| *peer != measure).collect();
    let width = 0.8 / shown.len().max(1) as f64;
    for (place, &peer) in shown.iter().enumerate() {
        let colour = COLOURS[peer % COLOURS.len()];
        let bar = |(family, (_, ratios)): (usize, &(&str, &[f64]))| {
            let left = family as f64 - 0.4 + place as f64 * width;
            Rectangle::new([(left, 0.0), (left + width * 0.9, ratios[peer])], colour.filled())
        };
        chart
            .draw_series(families.iter().enumerate().map(bar))?
            .label(peers[peer])
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour.filled()));
    }
    chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK).draw()?;
    root.present()?;
    Ok(())
}
