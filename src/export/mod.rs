//! What leaves nasflow: the self-contained detector file, pictures with boxes, predictions as JSON.
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
pub mod import;
pub mod json;
pub mod kdl;
pub mod safetensors;
mod tags;
pub mod yolov5;

pub use artefact::Artefact;
pub use card::ModelCard;
pub use detector::Detector;
pub use draw::draw;
pub use error::ExportError;
pub use format::{Format, Written};
pub use formats::FORMATS;
pub use json::{ImagePredictions, predictions_json};
