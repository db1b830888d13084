//! The accept loop, and what happens around every request: id, log, faults, errors, CORS.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Response};
use http::{Method, Request, StatusCode, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use crate::error::{self, GatewayError, Source};
use crate::fault::Outcome;
use crate::request_id::{self, RequestId};
use crate::requests::LoggedRequest;
use crate::state::AppState;
use crate::{auth, control, data, documents, functions, storage};

mod body;
mod connection;
mod cors;
mod envelope;
mod guard;
pub(crate) mod missing;
mod reached;
pub(crate) mod rejections;
mod steady;

use body::{StalledBody, TeeBody};
use connection::{Connection, CutIo};
use envelope::Family;
pub(crate) use guard::{Guard, GuardOptions};
use guard::{Rejection, Zone};
pub(crate) use reached::Reached;

/// The gateway's limit for request bodies.
pub(crate) const BODY_LIMIT: usize = 100 * 1024 * 1024;

/// How long responses in progress may take at shutdown.
const GRACE: Duration = Duration::from_secs(2);

/// One of the emulator's ports: what it serves, and how.
#[derive(Clone)]
pub(crate) struct Server {
    router: Router,
    state: AppState,
    surface: Surface,
    idle_timeout: Option<Duration>,
}

/// Which of the emulator's two faces a port shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Surface {
    Gateway,
    /// Where signed URLs point; its errors are XML.
    Objects,
}

/// The gateway with all its routes.
pub(crate) fn gateway(state: AppState, idle_timeout: Option<Duration>) -> Server {
    let router = Router::new()
        .merge(rejections::enveloped(steady::calls(auth::routes(), &state)))
        .merge(rejections::enveloped(steady::calls(data::routes(), &state)))
        .merge(rejections::enveloped(steady::calls(
            documents::routes(),
            &state,
        )))
        .merge(functions::routes())
        .merge(rejections::enveloped(steady::calls(
            storage::routes(),
            &state,
        )))
        // An upload is steady once its body is there.
        .merge(rejections::enveloped(storage::upload_routes()))
        .nest("/__emulator", control::routes())
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(state.clone());
    Server {
        router,
        state,
        surface: Surface::Gateway,
        idle_timeout,
    }
}

/// The object store.
pub(crate) fn objects(state: AppState, idle_timeout: Option<Duration>) -> Server {
    let router = storage::object_routes(state.clone());
    Server {
        router,
        state,
        surface: Surface::Objects,
        idle_timeout,
    }
}

impl Server {
    /// Serves until stopped.
    pub(crate) async fn serve(self, listener: TcpListener, mut stopped: watch::Receiver<bool>) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(one(stream, self.clone(), stopped.clone()));
                    }
                    // Out of descriptors or aborted by the peer: the listener itself is still good.
                    Err(error) => {
                        tracing::warn!(%error, "accept failed");
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                },
                _ = connections.join_next(), if !connections.is_empty() => {}
                () = until(&mut stopped) => break,
            }
        }
        drop(listener);
        let finish = async { while connections.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(GRACE, finish).await;
    }
}

async fn one(stream: TcpStream, server: Server, mut stopped: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let idle_timeout = server.idle_timeout;
    let connection = Arc::new(Connection::default());
    let io = TokioIo::new(CutIo::new(stream, connection.clone()));
    let service = service_fn({
        let connection = connection.clone();
        move |request| handle(server.clone(), connection.clone(), request)
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    // `idle_timeout` takes the place of hyper's own limit, which starts again with each partial head.
    builder.header_read_timeout(None).half_close(true);
    let served = builder.serve_connection(io, service);
    tokio::pin!(served);
    tokio::select! {
        outcome = served.as_mut() => {
            if let Err(error) = outcome {
                tracing::debug!(%error, "connection ended");
            }
        }
        () = connection.idle_for(idle_timeout) => {}
        () = until(&mut stopped) => {
            served.as_mut().graceful_shutdown();
            let _ = served.await;
        }
    }
}

/// Returns when the emulator is stopped or gone.
async fn until(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn handle(
    server: Server,
    connection: Arc<Connection>,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    let _busy = connection.busy();
    let id = RequestId::of(request.headers());
    let cors = cors::Cors::of(&request);
    let is_control =
        server.surface == Surface::Gateway && request.uri().path().starts_with("/__emulator");
    let mut response = if is_control {
        control(server, &id, request).await
    } else {
        products(server, &connection, &id, request, cors).await
    };
    let headers = response.headers_mut();
    if !headers.contains_key(request_id::HEADER)
        && let Some(value) = id.header_value()
    {
        headers.insert(request_id::HEADER, value);
    }
    Ok(response)
}

/// The control API: neither logged nor broken by faults, and for no page but its own.
async fn control(server: Server, id: &RequestId, mut request: Request<Incoming>) -> Response {
    let mut response = match server.state.guard.admit(Zone::Control, &request) {
        Ok(reached) => {
            request.extensions_mut().insert(reached);
            dispatch(&server, id, request.map(Body::new)).await
        }
        Err(rejection) => envelope::rejected(rejection, Family::Gateway, id, request.headers()),
    };
    cors::keep_to_itself(response.headers_mut());
    response
}

/// What the real service has too. A request that is not let in is logged as well, so that a developer finds out why.
async fn products(
    server: Server,
    connection: &Connection,
    id: &RequestId,
    request: Request<Incoming>,
    cors: cors::Cors,
) -> Response {
    let zone = match server.surface {
        Surface::Gateway => Zone::Products,
        Surface::Objects => Zone::Objects,
    };
    let verdict = server.state.guard.admit(zone, &request);
    let is_admitted = verdict.is_ok();
    let mut response = logged(server, connection, id, request, verdict).await;
    if is_admitted {
        cors.apply(response.headers_mut());
    }
    response
}

/// Handles a request with the request log kept and faults applied.
async fn logged(
    server: Server,
    connection: &Connection,
    id: &RequestId,
    request: Request<Incoming>,
    verdict: Result<Reached, Rejection>,
) -> Response {
    let Server { state, surface, .. } = &server;
    let entry = LoggedRequest::new(
        request.method().clone(),
        request.uri(),
        request.headers().clone(),
        id.0.clone(),
    );
    let number = state.requests.push(entry);
    let (mut request, seen) = {
        let (parts, body) = request.into_parts();
        let (body, seen) = TeeBody::new(body, &parts.headers);
        (Request::from_parts(parts, Body::new(body)), seen)
    };
    match verdict {
        Ok(reached) => request.extensions_mut().insert(reached),
        Err(rejection) => {
            let family = Family::of(*surface, request.uri().path());
            let response = envelope::rejected(rejection, family, id, request.headers());
            let status = Some(response.status().as_u16());
            state.requests.finish(number, status, seen.take());
            return response;
        }
    };
    let hit = state.faults.hit(request.method(), request.uri().path());
    let outcome = match hit {
        Some(hit) => {
            if let Some(gate) = hit.gate {
                gate.pass().await;
            }
            if !hit.delay.is_zero() {
                tokio::time::sleep(hit.delay).await;
            }
            hit.outcome
        }
        None => Outcome::Pass,
    };
    let response = match outcome {
        Outcome::Pass => dispatch(&server, id, request).await,
        Outcome::Respond(script) => {
            let family = Family::of(*surface, request.uri().path());
            let headers = request.headers().clone();
            let source = Source::of(request.uri().path());
            error::render(envelope::scripted(script, family, id), id, source, &headers)
        }
        Outcome::Cut { bytes, reset, run } => {
            let response = if run {
                dispatch(&server, id, request).await
            } else {
                StatusCode::OK.into_response()
            };
            connection.cut_after(bytes, reset);
            state.requests.finish(number, None, seen.take());
            return response;
        }
        Outcome::Stall { bytes } => {
            let response = dispatch(&server, id, request).await;
            response.map(|body| Body::new(StalledBody::new(body, bytes)))
        }
    };
    state
        .requests
        .finish(number, Some(response.status().as_u16()), seen.take());
    response
}

/// Holds a response back until the users and sessions that it speaks of are on disk.
async fn kept(state: &AppState, response: Response) -> Response {
    match state.auth.kept().await {
        Ok(()) => response,
        Err(error) => {
            tracing::error!(error, "a change was made but cannot be kept");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Runs the handler; `Infallible` errors and unrendered ones end here.
///
/// A response of auth or the control API waits until what it speaks of is on disk, whatever becomes of it then.
async fn dispatch(server: &Server, id: &RequestId, mut request: Request<Body>) -> Response {
    if request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
    {
        return StatusCode::NO_CONTENT.into_response();
    }
    let path = request.uri().path();
    let source = Source::of(path);
    let changes_users = path.starts_with("/auth") || path.starts_with("/__emulator");
    request.extensions_mut().insert(id.clone());
    let headers = request.headers().clone();
    let response = match server.router.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let response = error::render(response, id, source, &headers);
    if changes_users {
        kept(&server.state, response).await
    } else {
        response
    }
}

async fn unknown_path(request: Request<Body>) -> Response {
    let path = request.uri().path();
    if path.starts_with("/auth/") {
        return missing::auth(path).into_response();
    }
    missing::product(path)
        .unwrap_or_else(|| {
            GatewayError::not_found("INVALID_PATH", "There is nothing at this path.")
        })
        .into_response()
}

async fn wrong_method() -> GatewayError {
    GatewayError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "INVALID_REQUEST",
        "This method is not allowed here.",
    )
}
