//! What leaves nasflow: the self-contained detector file, pictures with boxes, contact sheets, predictions as JSON and text.
//!
//! Promises: the detector file loads upstream where the network is one of YOLOv5's, and needs nothing but itself here;
//! the same model gives the same bytes. Files from outside are hostile until checked. Writes to memory, never to disk.

pub mod artefact;
pub mod card;
pub mod detector;
pub mod draw;
pub mod error;
pub mod format;
pub mod formats;
pub mod json;
pub mod safetensors;
pub mod sheet;
mod tags;
pub mod yolo_txt;

pub use artefact::Artefact;
pub use card::ModelCard;
pub use detector::Detector;
pub use draw::{Mark, draw, draw_marks};
pub use error::ExportError;
pub use format::Format;
pub use formats::FORMATS;
pub use json::{ImagePredictions, predictions_json};
pub use sheet::{Tile, sheet};
pub use yolo_txt::yolo_txt;
