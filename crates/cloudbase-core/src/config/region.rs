//! Regions, and which of the two sites an environment in one of them is on.

use std::borrow::Cow;
use std::fmt;

use crate::error::{Error, Result};

/// The regions whose environments are on the domestic site.
const DOMESTIC: [&str; 9] = [
    "ap-shanghai",
    "ap-guangzhou",
    "ap-shenzhen-fsi",
    "ap-shanghai-fsi",
    "ap-nanjing",
    "ap-beijing",
    "ap-chengdu",
    "ap-chongqing",
    "ap-hongkong",
];

/// The cloud's other regions. The official server SDK takes every name that is not domestic for one
/// of these, a mistyped one included; here a name that is on neither list decides nothing, because
/// the access key would go to a host that was guessed.
const INTERNATIONAL: [&str; 14] = [
    "ap-bangkok",
    "ap-jakarta",
    "ap-mumbai",
    "ap-osaka",
    "ap-seoul",
    "ap-singapore",
    "ap-tokyo",
    "eu-frankfurt",
    "eu-moscow",
    "me-saudi-arabia",
    "na-ashburn",
    "na-siliconvalley",
    "na-toronto",
    "sa-saopaulo",
];

/// A region's name: `ap-shanghai`, the default.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Region(Cow<'static, str>);

impl Region {
    /// Checks the form of a region's name. A name that the SDK does not know is accepted, but has
    /// no [site](Self::site).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) unless it consists of lower-case letters,
    /// digits and hyphens.
    pub fn new(name: &str) -> Result<Self> {
        Self::parse("region", name)
    }

    /// As [`new`](Self::new); `setting` is what an error names.
    pub(crate) fn parse(setting: &str, name: &str) -> Result<Self> {
        let fits = (1..=32).contains(&name.len())
            && name
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if fits {
            Ok(Self(Cow::Owned(name.to_owned())))
        } else {
            Err(Error::config(
                setting,
                "must be a region's name such as `ap-shanghai`: lower-case letters, digits and \
                 hyphens",
            ))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The site that environments of this region are on; `None` if the SDK does not know the
    /// region.
    pub fn site(&self) -> Option<Site> {
        if DOMESTIC.contains(&self.as_str()) {
            Some(Site::Domestic)
        } else if INTERNATIONAL.contains(&self.as_str()) {
            Some(Site::International)
        } else {
            None
        }
    }
}

impl Default for Region {
    fn default() -> Self {
        Self(Cow::Borrowed(DOMESTIC[0]))
    }
}

impl AsRef<str> for Region {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which of the two CloudBase sites an environment belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Site {
    /// The domestic site.
    Domestic,
    /// The international site.
    International,
}

#[cfg(test)]
mod tests;
