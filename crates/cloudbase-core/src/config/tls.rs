//! Whom to trust and who we are: the settings of TLS and what rustls makes of them.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::ConfigKey;
use crate::error::{Error, Result};

/// Certificates and keys, read but not yet put to use.
#[derive(Clone, Default)]
pub(crate) struct TlsSettings {
    ca: Arc<[CertificateDer<'static>]>,
    only_ca: bool,
    identity: Option<Arc<Identity>>,
}

struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl TlsSettings {
    /// `name` is what an error calls a setting.
    pub(crate) fn read(
        name: &dyn Fn(ConfigKey) -> &'static str,
        ca: Option<&[u8]>,
        only_ca: bool,
        chain: Option<&[u8]>,
        key: Option<&SecretString>,
    ) -> Result<Self> {
        if only_ca && ca.is_none() {
            return Err(Error::config(
                name(ConfigKey::OnlyCaCertificates),
                "needs `ca_certificates`: without any, no server is trusted",
            ));
        }
        let identity = match (chain, key) {
            (None, None) => None,
            (Some(_), None) => {
                let given = name(ConfigKey::ClientCertificate);
                let rule = format_args!("is missing: a `{given}` needs its private key");
                return Err(Error::config("client_key", rule));
            }
            (None, Some(_)) => {
                let given = name(ConfigKey::ClientKey);
                let rule = format_args!("is missing: a `{given}` needs its certificate");
                return Err(Error::config("client_certificate", rule));
            }
            (Some(chain), Some(key)) => Some(Arc::new(Identity {
                chain: certificates(name(ConfigKey::ClientCertificate), chain)?,
                key: PrivateKeyDer::from_pem_slice(key.expose_secret().as_bytes()).map_err(
                    |_| {
                        let name = name(ConfigKey::ClientKey);
                        Error::config(name, "must be a private key in PEM form")
                    },
                )?,
            })),
        };
        let ca = ca.map(|pem| certificates(name(ConfigKey::CaCertificates), pem));
        Ok(Self {
            ca: ca.transpose()?.unwrap_or_default().into(),
            only_ca,
            identity,
        })
    }

    /// Whether nothing was set.
    pub(crate) fn is_default(&self) -> bool {
        self.ca.is_empty() && self.identity.is_none()
    }

    /// The configuration of TLS, always with a crypto provider of our choice: what is right for
    /// the process as a whole is the program's to say.
    pub(crate) fn client_config(&self) -> Result<Arc<ClientConfig>> {
        let provider = provider()?;
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable("tls", "cannot be set up", error))?;
        let builder = if cfg!(feature = "platform-verifier") && !self.only_ca {
            builder
                .dangerous()
                .with_custom_certificate_verifier(self.platform_verifier(provider)?)
        } else {
            builder.with_root_certificates(self.roots()?)
        };
        let config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => builder
                .with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())
                .map_err(|error| {
                    unusable(
                        "client_certificate",
                        "cannot be used with `client_key`",
                        error,
                    )
                })?,
        };
        Ok(Arc::new(config))
    }

    fn roots(&self) -> Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        #[cfg(feature = "webpki-roots")]
        if !self.only_ca {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        for certificate in self.ca.iter() {
            roots.add(certificate.clone()).map_err(|error| {
                unusable("ca_certificates", "must be X.509 certificates", error)
            })?;
        }
        if roots.is_empty() {
            return Err(Error::config(
                "endpoint",
                "uses https, but no server is trusted: enable the Cargo feature \
                 `webpki-roots` or `platform-verifier`, or set `ca_certificates`",
            ));
        }
        Ok(roots)
    }

    #[cfg(feature = "platform-verifier")]
    fn platform_verifier(
        &self,
        provider: Arc<CryptoProvider>,
    ) -> Result<Arc<dyn rustls::client::danger::ServerCertVerifier>> {
        use rustls_platform_verifier::Verifier;
        #[cfg(not(target_os = "android"))]
        let verifier = Verifier::new_with_extra_roots(self.ca.iter().cloned(), provider);
        #[cfg(target_os = "android")]
        let verifier = if self.ca.is_empty() {
            Verifier::new(provider)
        } else {
            return Err(Error::config(
                "ca_certificates",
                "cannot be added to Android's own: set `only_ca_certificates`",
            ));
        };
        let verifier = verifier.map_err(|error| {
            unusable(
                "platform-verifier",
                "cannot read what the operating system trusts",
                error,
            )
        })?;
        Ok(Arc::new(verifier))
    }

    #[cfg(not(feature = "platform-verifier"))]
    fn platform_verifier(
        &self,
        _: Arc<CryptoProvider>,
    ) -> Result<Arc<dyn rustls::client::danger::ServerCertVerifier>> {
        Err(Error::config(
            "platform-verifier",
            "is a Cargo feature that is not enabled",
        ))
    }
}

impl fmt::Debug for TlsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSettings")
            .field("ca", &self.ca.len())
            .field("only_ca", &self.only_ca)
            .field("client_certificate", &self.identity.is_some())
            .finish()
    }
}

fn unusable(setting: &str, rule: &str, error: rustls::Error) -> Error {
    Error::config(setting, rule).with_source(error)
}

fn certificates(setting: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(all) if !all.is_empty() => Ok(all),
        _ => Err(Error::config(
            setting,
            "must be one or more certificates in PEM form",
        )),
    }
}

#[cfg(all(feature = "rustls-ring", not(feature = "rustls-aws-lc")))]
fn provider() -> Result<Arc<CryptoProvider>> {
    Ok(Arc::new(rustls::crypto::ring::default_provider()))
}

#[cfg(all(feature = "rustls-aws-lc", not(feature = "rustls-ring")))]
fn provider() -> Result<Arc<CryptoProvider>> {
    Ok(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
}

/// Both are compiled in: what the program installed for itself decides, else ring.
#[cfg(all(feature = "rustls-ring", feature = "rustls-aws-lc"))]
fn provider() -> Result<Arc<CryptoProvider>> {
    Ok(CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| Arc::new(rustls::crypto::ring::default_provider())))
}

#[cfg(not(any(feature = "rustls-ring", feature = "rustls-aws-lc")))]
fn provider() -> Result<Arc<CryptoProvider>> {
    CryptoProvider::get_default().cloned().ok_or_else(|| {
        Error::config(
            "endpoint",
            "uses https, which needs the Cargo feature `rustls-ring` or `rustls-aws-lc`, or a \
             crypto provider that the program has installed",
        )
    })
}
