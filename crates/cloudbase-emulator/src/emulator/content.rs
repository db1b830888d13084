//! The whole content of an emulator: emptied, copied, put back, closed.

use super::Snapshot;
use crate::error::StartError;
use crate::state::AppState;

pub(crate) async fn reset(state: &AppState) -> Result<(), StartError> {
    let _alone = state.content.write().await;
    // First, for a database server may fail: then nothing is reset, and not half of it.
    state.data.reset().await?;
    state.documents.reset().await?;
    state.faults.clear();
    state.clock.reset();
    state.auth.reset().await?;
    state.functions.reset().await?;
    state.storage.reset().await?;
    state.inbox.clear();
    state.requests.clear();
    Ok(())
}

pub(crate) async fn snapshot(state: &AppState) -> Result<Snapshot, StartError> {
    let _alone = state.content.write().await;
    Ok(Snapshot {
        clock_ms: state.clock.offset_ms(),
        auth: state.auth.snapshot().await?,
        data: state.data.snapshot().await?,
        documents: state.documents.snapshot().await?,
        functions: state.functions.snapshot().await?,
        storage: state.storage.snapshot().await?,
    })
}

pub(crate) async fn restore(state: &AppState, snapshot: &Snapshot) -> Result<(), StartError> {
    let _alone = state.content.write().await;
    state.clock.set_offset_ms(snapshot.clock_ms);
    state.auth.restore(snapshot.auth.clone()).await?;
    state.data.restore(snapshot.data.clone()).await?;
    state.documents.restore(snapshot.documents.clone()).await?;
    state.functions.restore(snapshot.functions.clone()).await?;
    state.storage.restore(snapshot.storage.clone()).await
}

pub(super) async fn close(state: &AppState) {
    state.auth.close();
    state.data.close().await;
    state.documents.close().await;
    state.functions.close().await;
    state.storage.close().await;
    if let Some(dir) = &state.data_dir {
        dir.unlock();
    }
}
