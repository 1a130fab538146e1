//! `nasflow data show`: what a data set holds, and a sheet of its pictures.

use super::arguments::DataShowArguments;
use super::data_text::{self, Shown};
use super::export::write;
use super::failure::Failure;
use super::folder::{self, ReadSet, Words};
use super::{load, print};
use crate::data::chosen::{Chosen, choose, pictures};
use crate::data::{DataError, Object, Pack, PackImage, Scan, Summary};
use crate::document::{Data, DataSource};
use crate::export::{Mark, Tile, sheet};
use crate::report::wrap::wrapped;
use image::RgbImage;
use std::path::Path;
use std::process::ExitCode;

/// The longer side of a picture on a sheet, in pixels.
const PICTURE: usize = 400;

pub fn run(arguments: &DataShowArguments) -> Result<ExitCode, Failure> {
    let sets = sets(arguments)?;
    let (mut shown, mut tiles, mut whole) = (Vec::new(), Vec::new(), true);
    let each = (arguments.images as usize).div_ceil(sets.len().max(1));
    for data in &sets {
        let failed = |e: DataError| format!("{} cannot be read:\n{}", place(data), if arguments.all { e.all() } else { e.to_string() });
        let (need, _, unreadable) = folder::splits(data).map_err(failed)?;
        let ReadSet { scan, broken } = folder::read(data, &need).map_err(failed)?;
        if arguments.sheet.is_some() {
            tiles.extend(self::tiles(&scan, each, arguments.seed)?);
        }
        whole &= broken.is_empty() && unreadable.is_none();
        shown.push(Shown {
            name: data.name.value.clone(),
            format: format(data),
            root: place(data),
            size: arguments.size.map_or(data.image_size, |s| s as usize),
            summary: Summary::of(&scan),
            findings: broken.into_iter().chain(scan.findings).collect(),
            unreadable,
        });
    }
    if let Some(path) = &arguments.sheet {
        let mut png = std::io::Cursor::new(Vec::new());
        sheet(&tiles).write_to(&mut png, image::ImageFormat::Png).map_err(|e| format!("{}: {e}", path.display()))?;
        write(path, png.get_ref())?;
        print::note(&format!("{}: {} pictures", path.display(), tiles.len()));
    }
    if arguments.json {
        let json: Vec<serde_json::Value> = shown.iter().map(data_text::json).collect();
        let text = serde_json::to_string_pretty(&json).map_err(|e| e.to_string())?;
        print::out(&(text + "\n"));
    } else {
        let texts: Vec<String> = shown.iter().map(|s| data_text::text(s, arguments.all)).collect();
        print::out(&wrapped(&texts.join("\n"), print::columns()));
    }
    // What has faults was shown as far as it goes; scripts should notice.
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The data sets of a pipeline, or the one of a folder.
fn sets(arguments: &DataShowArguments) -> Result<Vec<Data>, Failure> {
    let pipeline = arguments.place.extension().is_some_and(|e| e.eq_ignore_ascii_case("kdl")) && !arguments.place.is_dir();
    if !pipeline {
        return Ok(vec![Words::of(folder::found(&arguments.place, arguments.format.as_deref(), false)?)?.data()?]);
    }
    let data = load::file(&arguments.place, &arguments.params, false)?.data;
    if data.is_empty() { Err(format!("{} has no `data`", arguments.place.display()).into()) } else { Ok(data) }
}

fn format(data: &Data) -> &'static str {
    match &data.source {
        DataSource::Files { format, .. } => format.name(),
        DataSource::Shapes { .. } => "generated shapes",
        DataSource::Figures { .. } => "generated figures",
    }
}

fn place(data: &Data) -> String {
    if let DataSource::Files { root, .. } = &data.source { root.value.clone() } else { data.name.value.clone() }
}

/// Pictures with their boxes or classes.
fn tiles(scan: &Scan, count: usize, seed: u64) -> Result<Vec<Tile>, Failure> {
    let chosen = choose(scan, count, seed);
    let size = if scan.splits.iter().flat_map(|s| &s.images).any(|i| i.label.is_some()) { PICTURE / 2 } else { PICTURE };
    let pack = pictures(scan, &chosen, size, Path::new(".")).map_err(|e| e.to_string())?;
    let class = |number: u16| scan.classes.get(usize::from(number)).cloned().unwrap_or_else(|| number.to_string());
    let tile = |(image, chosen): (&PackImage, &Chosen)| {
        let (x, y) = (image.w as f32 / (16 * image.width.max(1)) as f32, image.h as f32 / (16 * image.height.max(1)) as f32);
        let mark = |o: &Object| Mark {
            corners: [o.x1 as f32 * x, o.y1 as f32 * y, o.x2 as f32 * x, o.y2 as f32 * y],
            class: o.class,
            text: class(o.class),
            // Small boxes above large ones.
            rank: -((o.x2 - o.x1) as f32 * (o.y2 - o.y1) as f32),
        };
        let of = image.label.map_or_else(|| format!("{}: {}", chosen.split, chosen.name()), class);
        let picture = rgb(&pack, image).map_err(|e| Failure::Message(e.to_string()))?;
        Ok(Tile { image: picture, marks: image.objects.iter().map(mark).collect(), caption: of, class: image.label })
    };
    pack.images.iter().zip(&chosen).map(tile).collect()
}

/// The pixels of a decoded image.
pub fn rgb(pack: &Pack, image: &PackImage) -> Result<RgbImage, DataError> {
    let pixels = pack.pixels_of(image)?;
    let at = |x: u32, y: u32| (y as usize * image.w + x as usize) * pack.channels;
    Ok(RgbImage::from_fn(image.w as u32, image.h as u32, |x, y| {
        let from = at(x, y);
        let value = |channel: usize| pixels.get(from + channel.min(pack.channels.saturating_sub(1))).copied().unwrap_or(0);
        image::Rgb([value(0), value(1), value(2)])
    }))
}
