//! Stands in for the settings of TLS in a build without it.

use secrecy::SecretString;

use crate::config::ConfigKey;
use crate::error::{Error, Result};

/// Without TLS there is nothing to set.
#[derive(Clone, Debug, Default)]
pub(crate) struct TlsSettings(());

impl TlsSettings {
    pub(crate) fn read(
        name: &dyn Fn(ConfigKey) -> &'static str,
        ca: Option<&[u8]>,
        only_ca: bool,
        chain: Option<&[u8]>,
        key: Option<&SecretString>,
    ) -> Result<Self> {
        let given = [
            (ConfigKey::CaCertificates, ca.is_some()),
            (ConfigKey::OnlyCaCertificates, only_ca),
            (ConfigKey::ClientCertificate, chain.is_some()),
            (ConfigKey::ClientKey, key.is_some()),
        ];
        match given.into_iter().find(|(_, given)| *given) {
            None => Ok(Self(())),
            Some((key, _)) => Err(Error::config(
                name(key),
                "needs the Cargo feature `rustls-ring` or `rustls-aws-lc`",
            )),
        }
    }
}
