//! Stands in for the settings of TLS in a build without it.

use secrecy::SecretString;

use crate::error::{Error, Result};

/// Without TLS there is nothing to set.
#[derive(Clone, Debug, Default)]
pub(crate) struct TlsSettings(());

impl TlsSettings {
    pub(crate) fn read(
        ca: Option<&[u8]>,
        only_ca: bool,
        chain: Option<&[u8]>,
        key: Option<&SecretString>,
    ) -> Result<Self> {
        let given = [
            ("ca_certificates", ca.is_some()),
            ("only_ca_certificates", only_ca),
            ("client_certificate", chain.is_some()),
            ("client_key", key.is_some()),
        ];
        match given.into_iter().find(|(_, given)| *given) {
            None => Ok(Self(())),
            Some((setting, _)) => Err(Error::config(
                setting,
                "needs the Cargo feature `rustls-ring` or `rustls-aws-lc`",
            )),
        }
    }
}
