//! The whole object store as one value, for snapshots.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use futures_util::stream;

use super::{
    disk::{CommitError, Disk, Overwrite, Record},
    staging::{self, ReceiveError, blocking},
};

/// Packs every object: length of the record, the record as JSON, then the bytes.
pub(super) async fn pack(disk: Disk) -> io::Result<Bytes> {
    blocking(move || {
        let mut out = Vec::new();
        for record in disk.all() {
            let mut file = disk.open_now(&record)?;
            let json = serde_json::to_vec(&*record)?;
            out.extend((json.len() as u64).to_be_bytes());
            out.extend(json);
            let read = file.read_to_end(&mut out)?;
            if read as u64 != record.size {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(out.into())
    })
    .await
}

/// Replaces the content of `disk` by a packed one.
pub(super) async fn unpack(disk: &Disk, mut packed: Bytes) -> io::Result<()> {
    disk.clear().await?;
    while packed.has_remaining() {
        let short = |_| io::Error::from(io::ErrorKind::UnexpectedEof);
        let length = packed.try_get_u64().map_err(short)?;
        let json = take(&mut packed, length)?;
        let record: Record = serde_json::from_slice(&json)?;
        let body = stream::iter([Ok::<_, io::Error>(take(&mut packed, record.size)?)]);
        let staged = staging::receive(body, disk.staging_path(), u64::MAX);
        let staged = staged.await.map_err(|error| match error {
            ReceiveError::Disk(error) => error,
            ReceiveError::Body | ReceiveError::TooLarge => io::ErrorKind::InvalidData.into(),
        })?;
        disk.commit(staged, record, Overwrite::Allow)
            .await
            .map_err(|error| match error {
                CommitError::Disk(error) => error,
                CommitError::Exists => io::ErrorKind::AlreadyExists.into(),
            })?;
    }
    Ok(())
}

fn take(packed: &mut Bytes, length: u64) -> io::Result<Bytes> {
    match usize::try_from(length) {
        Ok(length) if length <= packed.len() => Ok(packed.split_to(length)),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
