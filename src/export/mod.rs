//! What leaves nasflow: models as self-contained files, for ONNX's runtimes and for PyTorch; pictures with boxes, contact sheets,
//! predictions as JSON and text.
//!
//! Promises: a safetensors file loads upstream where the network is one of YOLOv5's, and needs nothing but itself here;
//! the same model gives the same bytes. Files from outside are hostile until checked. Writes to memory, never to disk.

pub mod artefact;
pub mod card;
pub mod classifier;
pub mod detector;
pub mod draw;
pub mod error;
pub mod format;
pub mod formats;
pub mod import;
pub mod json;
pub mod kdl;
pub mod model;
pub mod onnx;
pub mod pytorch;
pub mod safetensors;
pub mod sheet;
mod tags;
pub mod tensorboard;
mod torch;
pub mod yolo_txt;
pub mod yolov5;

pub use artefact::Artefact;
pub use card::ModelCard;
pub use classifier::Classifier;
pub use detector::Detector;
pub use draw::{Mark, draw, draw_marks};
pub use error::ExportError;
pub use format::{Format, Written};
pub use formats::FORMATS;
pub use json::{ImageClasses, ImagePredictions, predictions_json};
pub use model::{Model, run_again};
pub use sheet::{Tile, sheet};
pub use yolo_txt::yolo_txt;
