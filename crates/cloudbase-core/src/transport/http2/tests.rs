//! Hosts are remembered while a connection or a call uses them.

use hyper_util::rt::TokioIo;

use super::*;
use crate::Config;

fn http2() -> Http2 {
    let config = Config::builder().env_id("demo").build().unwrap();
    Http2::new(Connector::new(&config).unwrap(), Duration::from_secs(60))
}

impl Http2 {
    fn host_named(&self, name: &str) -> Arc<Host> {
        self.host(&format!("https://{name}/v1").parse().unwrap())
            .unwrap()
    }

    fn knows(&self, name: &str) -> bool {
        self.hosts
            .lock()
            .unwrap()
            .contains_key(&name.parse::<Authority>().unwrap())
    }

    fn fill(&self) {
        for number in 0..2 * MANY_HOSTS {
            self.host_named(&format!("h{number}.example"));
        }
    }
}

#[test]
fn hosts_that_nobody_needs_are_forgotten() {
    let http2 = http2();
    let calling = http2.host_named("calling.example");
    http2.fill();
    assert!(http2.hosts.lock().unwrap().len() <= MANY_HOSTS);
    assert!(http2.knows("calling.example"));
    assert!(Arc::ptr_eq(&calling, &http2.host_named("calling.example")));
    drop(calling);
    http2.fill();
    assert!(!http2.knows("calling.example"));
}

#[tokio::test]
async fn a_host_with_a_connection_is_kept() {
    let http2 = http2();
    let (io, _peer) = tokio::io::duplex(4096);
    let (sender, connection) = Builder::new(TokioExecutor::new())
        .handshake(TokioIo::new(io))
        .await
        .unwrap();
    let usage = Usage::new();
    let open = Known::Open(Connection { sender, usage });
    http2.host_named("open.example").set(open);
    http2.fill();
    assert!(http2.knows("open.example"));
    // One whose connection is closed is as good as unknown.
    drop(connection);
    http2.fill();
    assert!(!http2.knows("open.example"));
}
