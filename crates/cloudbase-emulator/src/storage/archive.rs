//! The whole object store as one value, for snapshots.

use std::{
    collections::BTreeMap,
    io::{self, Read},
};

use bytes::{Buf, Bytes};
use futures_util::stream;

use super::{
    Storage,
    disk::{CommitError, Overwrite, Record},
    staging::{self, ReceiveError, blocking},
};

/// Packs the buckets and every object: length of the JSON, the JSON, then the object's bytes.
pub(super) async fn pack(storage: Storage) -> io::Result<Bytes> {
    blocking(move || {
        let disk = storage.disk();
        let mut out = Vec::new();
        block(&mut out, &storage.buckets().export()?);
        for record in disk.all() {
            let mut file = disk.open_now(&record)?;
            block(&mut out, &serde_json::to_vec(&*record)?);
            let read = file.read_to_end(&mut out)?;
            if read as u64 != record.size {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(out.into())
    })
    .await
}

/// Replaces the content of `storage` by a packed one; nothing stands for the state at the start.
pub(super) async fn unpack(storage: &Storage, mut packed: Bytes) -> io::Result<()> {
    let disk = storage.disk();
    disk.clear().await?;
    if packed.is_empty() {
        let first = storage.shared.first_buckets.iter();
        let first: BTreeMap<_, _> = first.map(|bucket| (bucket.id(), bucket)).collect();
        return storage.buckets().import(&serde_json::to_vec(&first)?);
    }
    storage.buckets().import(&next_block(&mut packed)?)?;
    while packed.has_remaining() {
        let json = next_block(&mut packed)?;
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

fn block(out: &mut Vec<u8>, json: &[u8]) {
    out.extend((json.len() as u64).to_be_bytes());
    out.extend(json);
}

fn next_block(packed: &mut Bytes) -> io::Result<Bytes> {
    let length = packed
        .try_get_u64()
        .map_err(|_| io::ErrorKind::UnexpectedEof)?;
    take(packed, length)
}

fn take(packed: &mut Bytes, length: u64) -> io::Result<Bytes> {
    match usize::try_from(length) {
        Ok(length) if length <= packed.len() => Ok(packed.split_to(length)),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
