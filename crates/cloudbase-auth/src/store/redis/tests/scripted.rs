//! A server that says what its script says, or nothing: what a real one says only in trouble.

use std::net::TcpListener as StdListener;
use std::sync::Mutex;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// Listens, and never says a word.
struct Silent {
    listener: StdListener,
    store: RedisStore,
}

impl Silent {
    fn new() -> Self {
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("redis://:sentinel@{}", listener.local_addr().unwrap());
        let store = RedisStore::new(url).unwrap();
        Self { listener, store }
    }

    /// How many connections have come since this was asked last.
    fn connections(&self) -> usize {
        std::iter::from_fn(|| self.listener.accept().ok()).count()
    }

    /// What twenty users get at once, and after what time the last of them has it.
    async fn twenty(&self) -> (Vec<Error>, Duration) {
        let begin = Instant::now();
        let calls = (0..20).map(|n| {
            let store = self.store.clone();
            tokio::spawn(async move {
                let key = format!("k{n}");
                match n % 2 {
                    0 => store.load(&key).await.map(drop).unwrap_err(),
                    _ => store.lock(&key).await.map(drop).unwrap_err(),
                }
            })
        });
        let mut errors = Vec::new();
        for call in calls.collect::<Vec<_>>() {
            errors.push(call.await.unwrap());
        }
        (errors, begin.elapsed())
    }
}

#[tokio::test(start_paused = true)]
async fn everybody_waits_for_the_same_attempt_to_connect() {
    let silent = Silent::new();
    let (errors, waited) = silent.twenty().await;
    assert!(
        waited <= connection::CONNECT_LIMIT + Duration::from_millis(100),
        "{waited:?}"
    );
    assert_eq!(silent.connections(), 1);
    for error in errors {
        assert!(error.message().ends_with("no response in time"), "{error}");
        assert!(error.is_retryable() && error.retry_after().is_some());
        assert!(!format!("{error:?}").contains("sentinel"));
    }
    // Nobody tries again for a moment.
    let (errors, waited) = silent.twenty().await;
    assert!(waited < Duration::from_millis(100), "{waited:?}");
    assert_eq!((errors.len(), silent.connections()), (20, 0));
    tokio::time::advance(connection::COOLDOWN).await;
    let (_, waited) = silent.twenty().await;
    assert!(
        waited <= connection::CONNECT_LIMIT + Duration::from_millis(100),
        "{waited:?}"
    );
    assert_eq!(silent.connections(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_takes_the_attempt_from_no_other() {
    let silent = Silent::new();
    let begin = Instant::now();
    let impatient = tokio::time::timeout(Duration::from_secs(1), silent.store.load("k"));
    assert!(impatient.await.is_err());
    silent.store.load("k").await.unwrap_err();
    assert!(begin.elapsed() <= connection::CONNECT_LIMIT + Duration::from_millis(100));
    assert_eq!(silent.connections(), 1);
}

/// A server whose connections reply, one after the other, to each command of the store with the next of
/// these lines; the last connection goes on as the last line says.
async fn scripted(script: &'static [&'static str]) -> (RedisStore, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let connections = Arc::new(Mutex::new(0));
    let count = connections.clone();
    tokio::spawn(async move {
        for n in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            *count.lock().unwrap() += 1;
            tokio::spawn(serve(stream, script[n.min(script.len() - 1)]));
        }
    });
    (RedisStore::new(url).unwrap(), connections)
}

/// Replies to each command but those that set the connection up.
async fn serve(mut stream: TcpStream, line: &str) {
    let mut bytes = Vec::new();
    while stream.read_buf(&mut bytes).await.is_ok_and(|n| n > 0) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        bytes.clear();
        // Small commands arrive whole.
        for command in text.split("\r\n*").filter(|command| !command.is_empty()) {
            let reply = match command.contains("SETINFO") {
                true => "+OK",
                false => line,
            };
            if stream
                .write_all(format!("{reply}\r\n").as_bytes())
                .await
                .is_err()
            {
                return;
            }
        }
    }
}

#[tokio::test]
async fn a_lock_that_another_process_holds_is_asked_for_until_it_is_free() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut bytes, mut asked) = (Vec::new(), 0);
        while stream.read_buf(&mut bytes).await.is_ok_and(|n| n > 0) {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            bytes.clear();
            let settings = text.matches("SETINFO").count();
            let mut replies = "+OK\r\n".repeat(settings);
            // The rest of a script may come by itself.
            if text.contains("\r\nEVAL") {
                asked += 1;
                replies += if asked <= 6 {
                    "+held\r\n"
                } else {
                    "+7:owner\r\n"
                };
            }
            stream.write_all(replies.as_bytes()).await.unwrap();
        }
    });
    let lock = RedisStore::new(url).unwrap().lock("k").await.unwrap();
    assert_eq!(lock.fence(), 7);
}

#[tokio::test]
async fn a_server_that_became_a_replica_is_left_for_a_fresh_connection() {
    for rejection in [
        "-READONLY You can't write against a read only replica.",
        "-ERR Error running script (call to f_1): @user_script:1: -READONLY You can't write",
        "-MOVED 3999 127.0.0.1:6381",
        "-CLUSTERDOWN The cluster is down",
        "-NOAUTH Authentication required.",
    ] {
        let rejections: &'static [&'static str] = vec![rejection, ":1"].leak();
        let (store, connections) = scripted(rejections).await;
        let lock = StoreLock::new(1, || async {}).with_owner("o");
        store.save("k", &"v".into(), &lock).await.unwrap();
        assert_eq!(*connections.lock().unwrap(), 2, "{rejection}");

        // While it lasts that is an error, after one fresh connection.
        let rejections: &'static [&'static str] = vec![rejection].leak();
        let (store, connections) = scripted(rejections).await;
        let error = store.save("k", &"v".into(), &lock).await.unwrap_err();
        let passes = !rejection.contains("NOAUTH");
        assert_eq!(error.is_retryable(), passes, "{error}");
        assert!(*connections.lock().unwrap() <= 2, "{rejection}");
    }
}

#[tokio::test]
async fn a_server_says_what_is_wrong_and_no_secret_is_repeated() {
    for (rejection, word, passes) in [
        (
            "-LOADING Redis is loading the dataset in memory",
            "LOADING",
            true,
        ),
        ("-OOM command not allowed sentinel", "OOM", true),
        ("-MISCONF Redis is configured sentinel", "MISCONF", true),
        ("-NOPERM User sentinel has no permissions", "NOPERM", false),
        (
            "-ERR unknown command 'EVAL', with args beginning with: 'sentinel'",
            "lacks a command",
            false,
        ),
        ("-sentinel is no code", "request rejected", false),
    ] {
        let (store, _) = scripted(vec![rejection].leak()).await;
        let error = store.load("k").await.unwrap_err();
        assert!(error.message().contains(word), "{error}");
        assert_eq!(error.is_retryable(), passes, "{error}");
        assert!(
            !format!("{error} {error:?}").contains("sentinel"),
            "{error:?}"
        );
    }
}

#[test]
fn causes_of_a_failed_connection_are_named() {
    use fault::Fault;
    let io =
        |kind, text: &str| ::redis::RedisError::from(std::io::Error::new(kind, text.to_owned()));
    use std::io::ErrorKind::{InvalidData, UnexpectedEof};
    for (error, words, passes) in [
        (
            io(
                InvalidData,
                "invalid peer certificate: UnknownIssuer sentinel",
            ),
            "the certificate is from an unknown issuer",
            false,
        ),
        (
            io(InvalidData, "invalid peer certificate: NotValidForName"),
            "the certificate is for another host name",
            false,
        ),
        (
            io(
                std::io::ErrorKind::Other,
                "failed to lookup address information: Name or service not known",
            ),
            "the host name cannot be resolved",
            true,
        ),
        (
            io(UnexpectedEof, "sentinel"),
            "unexpected end of file",
            true,
        ),
        (io(InvalidData, "sentinel"), "the connection failed", true),
    ] {
        let error = Fault::of(&error).into_error("h:1");
        assert_eq!(
            error.message(),
            format!("the session store at h:1 failed: {words}")
        );
        assert_eq!(error.is_retryable(), passes, "{error}");
        assert!(!format!("{error:?}").contains("sentinel"), "{error:?}");
    }
}
