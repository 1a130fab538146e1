//! Batches: what a training iteration reads.

/// One object of a batch: upstream's (image, class, cx, cy, w, h), normalised to 0 … 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// Which image of the batch.
    pub image: usize,
    /// Class.
    pub class: usize,
    /// Centre.
    pub cx: f32,
    /// Centre.
    pub cy: f32,
    /// Width.
    pub w: f32,
    /// Height.
    pub h: f32,
}

/// Images and their truth: objects or classes.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Batch {
    /// How many images.
    pub n: usize,
    /// n × size × size × channels, RGB or grey, 0 … 1.
    pub images: Vec<f32>,
    /// Objects, image by image.
    pub targets: Vec<Target>,
    /// The class of each image, where images are of one class each.
    pub labels: Vec<u32>,
}

/// byte / 255 in f32, as upstream divides.
pub(crate) static UNIT: [f32; 256] = {
    let mut table = [0.0; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = i as f32 / 255.0;
        i += 1;
    }
    table
};
