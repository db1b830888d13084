//! What a copy of a request has.

use super::*;

#[test]
fn a_copy_has_everything_that_the_request_had() {
    for extra in [0, 3, 20] {
        let mut request = Request::put("/a?b=c").body(Body::from("body")).unwrap();
        *request.version_mut() = Version::HTTP_2;
        request.extensions_mut().insert(17_u8);
        for number in 0..extra {
            let headers = request.headers_mut();
            headers.append("x-many", HeaderValue::from(number));
        }
        let saved = SavedRequest::of(&request).unwrap();
        for _ in 0..2 {
            let copy = saved.to_request().unwrap();
            assert_eq!(copy.headers(), request.headers());
            assert_eq!(
                (copy.method(), copy.uri(), copy.version()),
                (request.method(), request.uri(), request.version())
            );
            assert_eq!(copy.body().as_bytes(), Some(&b"body"[..]));
            assert_eq!(copy.extensions().get::<u8>(), Some(&17));
        }
    }
}

#[test]
fn a_stream_cannot_be_saved() {
    let pieces = futures_util::stream::iter([Ok::<_, std::io::Error>("piece")]);
    assert!(SavedRequest::of(&Request::new(Body::stream(pieces))).is_none());
}
