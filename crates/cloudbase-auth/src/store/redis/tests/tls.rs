//! A server on TLS whose certificate is not accepted, and TLS met with plain text.

use ::redis::TlsCertificates;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

/// A server on TLS for the host `name`: its port, and its certificate in PEM.
async fn tls_server(name: &str, is_expired: bool) -> (u16, String) {
    // The TLS of the crate `redis` takes the one that the process has.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    if is_expired {
        params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    }
    let certificate = params.self_signed(&key).unwrap();
    let secret = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], secret)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut bytes = [0; 1024];
                while stream.read(&mut bytes).await.is_ok_and(|n| n > 0) {
                    if stream.write_all(b"+OK\r\n").await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (port, certificate.pem())
}

/// A store that trusts the authority `root`.
fn trusting(url: String, root: String) -> RedisStore {
    let certificates = TlsCertificates {
        client_tls: None,
        root_cert: Some(root.into_bytes()),
    };
    let client = Client::build_with_tls(url.as_str(), certificates).unwrap();
    RedisStore {
        server: Arc::new(Server::new(client)),
        ..RedisStore::new(url).unwrap()
    }
}

async fn fails(store: RedisStore, cause: &str, passes: bool) {
    let error = store.load("k").await.unwrap_err();
    assert!(
        error.message().ends_with(&format!(" failed: {cause}")),
        "{error:?}"
    );
    assert_eq!(error.is_retryable(), passes, "{error:?}");
    assert!(!format!("{error:?}").contains("sentinel"), "{error:?}");
}

#[tokio::test]
async fn a_certificate_that_is_not_accepted_is_the_cause() {
    let (port, _) = tls_server("localhost", false).await;
    let store = RedisStore::new(format!("rediss://:sentinel@localhost:{port}")).unwrap();
    fails(store, "the certificate is from an unknown issuer", false).await;

    let (port, root) = tls_server("elsewhere.example", false).await;
    let url = format!("rediss://:sentinel@localhost:{port}");
    let cause = "the certificate is for another host name";
    fails(trusting(url, root), cause, false).await;

    let (port, root) = tls_server("localhost", true).await;
    let url = format!("rediss://:sentinel@localhost:{port}");
    fails(trusting(url, root), "the certificate has expired", false).await;
}

#[tokio::test]
async fn plain_text_on_a_port_for_tls_is_the_cause() {
    let (port, _) = tls_server("localhost", false).await;
    let store = RedisStore::new(format!("redis://:sentinel@localhost:{port}")).unwrap();
    let cause = "it speaks TLS, or something else than Redis: is `rediss://` meant?";
    fails(store, cause, false).await;
}

#[tokio::test]
async fn tls_on_a_port_for_plain_text_is_the_cause() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(b"-ERR unknown command\r\n").await;
        }
    });
    let store = RedisStore::new(format!("rediss://:sentinel@localhost:{port}")).unwrap();
    fails(store, "it does not speak TLS", false).await;
}
