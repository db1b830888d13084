//! Changes that the object store makes to an image on the way out.

use std::fmt::Write as _;

/// How an image is fitted into width and height.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Resize {
    /// Keeps the proportions and fills the box; what stands over is shown too.
    #[default]
    Cover,
    /// Keeps the proportions and fits into the box.
    Contain,
    /// Takes exactly the width and height.
    Fill,
}

/// Changes to an image: size, format, quality.
///
/// ```
/// use cloudbase_storage::{Resize, Transform};
///
/// let thumbnail = Transform::new().width(300).height(200).resize(Resize::Cover).quality(80);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a transform does nothing until it is given to a signed URL"]
pub struct Transform {
    width: Option<u32>,
    height: Option<u32>,
    resize: Resize,
    format: Option<String>,
    quality: Option<u8>,
}

impl Transform {
    /// No change.
    pub fn new() -> Self {
        Self::default()
    }

    /// The width, in pixels.
    pub fn width(mut self, pixels: u32) -> Self {
        self.width = Some(pixels);
        self
    }

    /// The height, in pixels.
    pub fn height(mut self, pixels: u32) -> Self {
        self.height = Some(pixels);
        self
    }

    /// How the image is fitted into width and height. Default: [`Resize::Cover`].
    pub fn resize(mut self, resize: Resize) -> Self {
        self.resize = resize;
        self
    }

    /// The format: `webp`, `png`, …; `origin` keeps the image's own.
    pub fn format(mut self, format: impl Into<String>) -> Self {
        self.format = Some(format.into());
        self
    }

    /// The quality, brought into 1 to 100.
    pub fn quality(mut self, percent: u8) -> Self {
        self.quality = Some(percent.clamp(1, 100));
        self
    }

    /// The query parameter that asks for it; empty if nothing is to be changed.
    pub(crate) fn query(&self) -> String {
        let mut query = String::new();
        if self.width.is_some() || self.height.is_some() {
            let side = |pixels: Option<u32>| pixels.map(|n| n.to_string()).unwrap_or_default();
            let suffix = match self.resize {
                Resize::Cover => "^",
                Resize::Contain => "",
                Resize::Fill => "!",
            };
            let (width, height) = (side(self.width), side(self.height));
            let _ = write!(query, "/thumbnail/{width}x{height}{suffix}");
        }
        if let Some(format) = self.format.as_deref().filter(|format| *format != "origin") {
            let _ = write!(
                query,
                "/format/{}",
                cloudbase_core::sdk::encode_component(format)
            );
        }
        if let Some(quality) = self.quality {
            let _ = write!(query, "/quality/{quality}");
        }
        if query.is_empty() {
            query
        } else {
            format!("imageMogr2{query}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_is_the_other_sdks() {
        let of = |transform: Transform| transform.query();
        let box_ = Transform::new().width(300).height(200);
        assert_eq!(
            of(box_.clone().quality(80)),
            "imageMogr2/thumbnail/300x200^/quality/80"
        );
        assert_eq!(
            of(box_.clone().resize(Resize::Fill).format("webp")),
            "imageMogr2/thumbnail/300x200!/format/webp"
        );
        assert_eq!(
            of(box_.resize(Resize::Contain).format("origin")),
            "imageMogr2/thumbnail/300x200"
        );
        assert_eq!(of(Transform::new().width(9)), "imageMogr2/thumbnail/9x^");
        assert_eq!(of(Transform::new().quality(0)), "imageMogr2/quality/1");
        assert_eq!(of(Transform::new()), "");
    }
}
