//! A picture of ratios by family, as SVG.

use crate::Error;
use plotters::coord::ranged1d::SegmentValue;
use plotters::prelude::*;
use serde_json::Value;
use std::path::Path;

/// What bars are filled with, one for each peer.
const COLOURS: [RGBColor; 5] =
    [RGBColor(196, 56, 44), RGBColor(90, 98, 110), RGBColor(58, 124, 165), RGBColor(150, 180, 205), RGBColor(205, 175, 80)];

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
    let names: Vec<String> = families.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 18))
        .margin(10)
        .x_label_area_size(44)
        .y_label_area_size(40)
        .build_cartesian_2d(names.into_segmented(), 0.0..most * 1.05)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_desc(format!("{}, commit {}", fact("machine"), fact("commit")))
        .draw()?;
    let shown: Vec<usize> = (0..peers.len()).filter(|peer| *peer != measure).collect();
    let frame = chart.plotting_area().get_pixel_range();
    let slot = f64::from(frame.0.end - frame.0.start) / families.len().max(1) as f64;
    let bar = (slot * 0.8 / shown.len().max(1) as f64) as i32;
    for (place, &peer) in shown.iter().enumerate() {
        let colour = COLOURS[peer % COLOURS.len()];
        let left = (place as i32 * bar) - (bar * shown.len() as i32) / 2;
        chart
            .draw_series(families.iter().map(|(name, ratios)| {
                let foot = SegmentValue::CenterOf((*name).to_owned());
                let pixel = |value: f64| chart.backend_coord(&(&foot, &value)).1;
                let (top, bottom) = (pixel(ratios[peer]), pixel(0.0));
                EmptyElement::at((foot.clone(), 0.0)) + Rectangle::new([(left, top - bottom), (left + bar - 2, 0)], colour.filled())
            }))?
            .label(peers[peer])
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour.filled()));
    }
    chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK).draw()?;
    root.present()?;
    Ok(())
}
